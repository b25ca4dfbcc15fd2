using static TorchSharp.torch;

namespace MixAttention.Compute.Attention;

/// <summary>Attends consecutive queries of one prompt over consecutive keys, under a causal mask and, if the layer slides, a window.</summary>
/// <remarks>
/// On the CPU an own SIMD kernel reads keys and values where they lie; elsewhere, and as its oracle, batched tensor products do, in tiles of queries that read only the keys that some of
/// them may see and mask only the two corners that some may not. Tiles and blocks depend on positions alone, so a result depends neither on the batch nor on whether the keys lie
/// in one piece or in two. Engine thread only.
/// </remarks>
public static unsafe class PrefillAttention
{
    // Scores of one tile: 2 Mi elements are 8 MB in float32, a quarter of a small server's last-level cache.
    private const int MaxTileScores = 1 << 21;
    private const int MaxTileQueries = 128;

    /// <summary>Attends.</summary>
    /// <param name="query">[n, H, D] float32, rotary applied, positions firstQuery…; not disposed here.</param>
    /// <param name="pieces">One piece or two, the second one going on where the first ends; together they cover everything that the queries may see. Not disposed here.</param>
    /// <param name="firstQuery">Position of the first query.</param>
    /// <param name="firstKey">Position of the first key of the first piece.</param>
    /// <param name="shape">The layer's heads, scale and window.</param>
    /// <returns>[n, H · D] float32; the caller disposes it.</returns>
    public static Tensor Run(Tensor query, ReadOnlySpan<KvPiece> pieces, int firstQuery, int firstKey, AttentionShape shape) =>
        query.device.type == TorchSharp.DeviceType.CPU && shape.HeadDim % 8 == 0
            ? Simd(query, pieces, firstQuery, firstKey, shape)
            : Portable(query, pieces, firstQuery, firstKey, shape, pieces[0].Keys.dtype);

    /// <summary>Computes the same with tensor operations.</summary>
    /// <param name="type">Format of the two products.</param>
    public static Tensor Portable(Tensor query, ReadOnlySpan<KvPiece> pieces, int firstQuery, int firstKey, AttentionShape shape, ScalarType type)
    {
        int queries = (int)query.shape[0];
        using var key = pieces.Length == 1 ? pieces[0].Keys.alias() : cat([pieces[0].Keys, pieces[1].Keys], 0);
        using var value = pieces.Length == 1 ? pieces[0].Values.alias() : cat([pieces[0].Values, pieces[1].Values], 0);
        using var scaled = query.Scaled(shape.Scale);
        using var typed = scaled.InFormat(type);
        using var keysInFormat = key.InFormat(type);
        using var valuesInFormat = value.InFormat(type);
        using var output = empty([queries, shape.QueryHeads, shape.HeadDim], ScalarType.Float32, query.device);
        int from = 0;
        while (from < queries)
        {
            int tile = TileQueries(firstQuery + from, firstKey, queries - from, shape);
            int first = firstQuery + from;
            int low = shape.Window is { } w ? Math.Max(firstKey, first - w + 1) : firstKey;
            int keys = first + tile - low;
            using var q = typed.narrow(0, from, tile);
            using var k = keysInFormat.narrow(0, low - firstKey, keys);
            using var v = valuesInFormat.narrow(0, low - firstKey, keys);
            using var o = output.narrow(0, from, tile);
            using var mask = new TileMask(tile, keys, first - low, shape.Window, type, query.device);
            Tile(q, k, v, o, mask, shape);
            from += tile;
        }

        return output.view(queries, shape.QueryHeads * shape.HeadDim);
    }

    private static Tensor Simd(Tensor query, ReadOnlySpan<KvPiece> pieces, int firstQuery, int firstKey, AttentionShape shape)
    {
        int queries = (int)query.shape[0];
        using var q = query.contiguous();
        var output = empty([queries, shape.QueryHeads * shape.HeadDim], ScalarType.Float32);
        var first = KvRows.Of(pieces[0]);
        var second = pieces.Length == 1 ? default : KvRows.Of(pieces[1]);
        SimdPrefillKernel.Run((float*)q.HostPointer(), first, second, pieces[0].Keys.dtype == ScalarType.BFloat16, (float*)output.HostPointer(), queries, firstQuery, firstKey, shape);
        return output;
    }

    private static int TileQueries(int first, int firstKey, int left, AttentionShape shape)
    {
        long keys = shape.Window is { } w ? Math.Min(w, first - firstKey + 1) : first - firstKey + 1;
        long fit = MaxTileScores / (shape.QueriesPerKv * (keys + MaxTileQueries));
        return (int)Math.Min(left, Math.Clamp(fit, 16, MaxTileQueries));
    }

    private static void Tile(Tensor q, Tensor k, Tensor v, Tensor o, TileMask mask, AttentionShape shape)
    {
        int n = (int)q.shape[0], rep = shape.QueriesPerKv, d = shape.HeadDim, g = shape.KvHeads;
        using var grouped = q.view(n, g, rep, d);
        using var byHead = grouped.permute(1, 2, 0, 3);
        using var rows = byHead.reshape(g, rep * n, d);             // [G, rep · n, D]
        using var kt = k.permute(1, 2, 0);                          // [G, D, m]
        using var scores = bmm(rows, kt);
        using var capped = Softcap(scores, shape);
        mask.Apply(capped, g * rep);
        using var weights = capped.softmax(-1);
        using var vh = v.transpose(0, 1);                           // [G, m, D]
        using var result = bmm(weights, vh);
        using var resultByHead = result.view(g, rep, n, d);
        using var resultByRow = resultByHead.permute(2, 0, 1, 3);
        using var target = o.view(n, g, rep, d);
        target.copy_(resultByRow);
    }

    private static Tensor Softcap(Tensor scores, AttentionShape shape)
    {
        if (shape.Softcap is not { } cap)
            return scores.alias();
        var bounded = scores.clone();
        bounded.CapInPlace(cap);
        return bounded;
    }
}
