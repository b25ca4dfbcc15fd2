using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute.Attention;

/// <summary>Attends consecutive queries of one prompt over consecutive keys, under a causal mask and, if the layer slides, a window.</summary>
/// <remarks>
/// Queries go in tiles whose scores stay in the cache; a tile reads only the keys that some of its queries may see, and masks only the two corners that some may not.
/// Tiles depend on positions alone, so a result does not depend on the batch. Engine thread only.
/// </remarks>
public static class PrefillAttention
{
    // Scores of one tile and KV head: 2 Mi elements are 8 MB in float32, a quarter of a small server's last-level cache.
    private const int MaxTileScores = 1 << 21;
    private const int MaxTileQueries = 128;

    /// <summary>Attends.</summary>
    /// <param name="query">[n, H, D] float32, rotary applied, positions firstQuery…; not disposed here.</param>
    /// <param name="key">[m, G, D] in the format of products, positions firstKey…; covers everything that the queries may see.</param>
    /// <param name="value">[m, G, D].</param>
    /// <param name="firstQuery">Position of the first query.</param>
    /// <param name="firstKey">Position of the first key.</param>
    /// <param name="shape">The layer's heads, scale and window.</param>
    /// <param name="useOneDnn">Multiplies float32 on the CPU with oneDNN instead of the library's batched product; null chooses by device and format. The two are each other's oracle.</param>
    /// <returns>[n, H · D] in the format of products; the caller disposes it.</returns>
    public static Tensor Run(Tensor query, Tensor key, Tensor value, int firstQuery, int firstKey, AttentionShape shape, bool? useOneDnn = null)
    {
        int queries = (int)query.shape[0];
        var type = key.dtype;
        bool oneDnn = useOneDnn ?? (key.device.type == TorchSharp.DeviceType.CPU && type == ScalarType.Float32);
        using var scaled = query.mul(shape.Scale);
        using var typed = scaled.to(type);
        var output = empty([queries, shape.QueryHeads, shape.HeadDim], type, query.device);
        int from = 0;
        while (from < queries)
        {
            int tile = TileQueries(firstQuery + from, firstKey, queries - from, shape);
            int first = firstQuery + from;
            int low = shape.Window is { } w ? Math.Max(firstKey, first - w + 1) : firstKey;
            int keys = first + tile - low;
            using var q = typed.narrow(0, from, tile);
            using var k = key.narrow(0, low - firstKey, keys);
            using var v = value.narrow(0, low - firstKey, keys);
            using var o = output.narrow(0, from, tile);
            using var mask = new TileMask(tile, keys, first - low, shape.Window, type, query.device);
            if (oneDnn)
                TileByHead(q, k, v, o, mask, shape);
            else
                TileBatched(q, k, v, o, mask, shape);
            from += tile;
        }

        using (output)
            return output.view(queries, shape.QueryHeads * shape.HeadDim);
    }

    private static int TileQueries(int first, int firstKey, int left, AttentionShape shape)
    {
        long keys = shape.Window is { } w ? Math.Min(w, first - firstKey + 1) : first - firstKey + 1;
        long fit = MaxTileScores / (shape.QueriesPerKv * (keys + MaxTileQueries));
        return (int)Math.Min(left, Math.Clamp(fit, 16, MaxTileQueries));
    }

    // One product per KV head; oneDNN reads the strided keys and values as they lie.
    private static void TileByHead(Tensor q, Tensor k, Tensor v, Tensor o, TileMask mask, AttentionShape shape)
    {
        int n = (int)q.shape[0], rep = shape.QueriesPerKv, d = shape.HeadDim;
        for (int g = 0; g < shape.KvHeads; g++)
        {
            using var heads = q.narrow(1, g * rep, rep);            // [n, rep, D]
            using var byHead = heads.transpose(0, 1);
            using var rows = byHead.reshape(rep * n, d);            // [rep · n, D]
            using var kg = k.select(1, g);                          // [m, D], strided
            using var scores = LibTorchAbi.LinearPacked(rows, kg, null);
            using var capped = Softcap(scores, shape);
            mask.Apply(capped, rep);
            using var weights = capped.softmax(-1);
            using var vg = v.select(1, g);
            using var vt = vg.t();                                  // [D, m], strided
            using var result = LibTorchAbi.LinearPacked(weights, vt, null);
            using var resultByHead = result.view(rep, n, d);
            using var resultByRow = resultByHead.transpose(0, 1);
            using var target = o.narrow(1, g * rep, rep);
            target.copy_(resultByRow);
        }
    }

    private static void TileBatched(Tensor q, Tensor k, Tensor v, Tensor o, TileMask mask, AttentionShape shape)
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
        using var small = scores.div(cap);
        using var bounded = small.tanh();
        return bounded.mul(cap);
    }
}
