using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute.Attention;

/// <summary>Says where one sequence's keys and values of one owner lie and how many rows its newest token sees.</summary>
/// <param name="KeyOffset">First element of the keys [capacity, G, D] in the arena.</param>
/// <param name="ValueOffset">First element of the values.</param>
/// <param name="Rows">Rows to attend over: the prefix's, then from row 0 on all of a slab so far, or the filled part of a ring (order does not matter there).</param>
/// <param name="NewRow">Row behind <paramref name="KeyOffset"/> that the newest token's keys and values go to when the layer owns them.</param>
/// <param name="Prefix">Rows that come before and lie elsewhere, because several sequences read them; none unless given.</param>
public readonly record struct DecodeKv(long KeyOffset, long ValueOffset, int Rows, int NewRow, DecodePrefix Prefix = default);

/// <summary>Says where the first rows of one or more sequences lie.</summary>
/// <param name="KeyOffset">First element of the keys [Rows, G, D] in the arena.</param>
/// <param name="ValueOffset">First element of the values.</param>
/// <param name="Rows">All of them are attended over.</param>
public readonly record struct DecodePrefix(long KeyOffset, long ValueOffset, int Rows);

/// <summary>Attends one new token per sequence over its slab or ring.</summary>
/// <remarks>On the CPU an own SIMD kernel reads keys and values where they lie; elsewhere, and as its oracle, plain tensor operations do. Each sequence is computed by itself, so its bits do not depend on the others.</remarks>
public static unsafe class DecodeAttention
{
    /// <summary>Stores the new keys and values, if any, and attends.</summary>
    /// <param name="query">[S, H, D] float32, rotary applied; not disposed here.</param>
    /// <param name="newKey">[S, G, D] float32, or null in a borrower.</param>
    /// <param name="newValue">[S, G, D] float32, or null in a borrower.</param>
    /// <param name="arena">Where keys and values lie.</param>
    /// <param name="sequences">S places.</param>
    /// <param name="shape">The layer's heads and scale; the window is already in the places' rows.</param>
    /// <returns>[S, H · D] float32; the caller disposes it.</returns>
    public static Tensor Run(Tensor query, Tensor? newKey, Tensor? newValue, KvArena arena, ReadOnlySpan<DecodeKv> sequences, AttentionShape shape)
    {
        if (arena.IsOnCpu && shape.HeadDim % 8 == 0 && shape.HeadDim <= SimdDecodeKernel.MaxHeadDim && shape.QueriesPerKv <= SimdDecodeKernel.MaxQueriesPerKv)
            return Simd(query, newKey, newValue, arena, sequences, shape);
        return Portable(query, newKey, newValue, arena, sequences, shape);
    }

    /// <summary>Computes the same with tensor operations, one sequence after another.</summary>
    public static Tensor Portable(Tensor query, Tensor? newKey, Tensor? newValue, KvArena arena, ReadOnlySpan<DecodeKv> sequences, AttentionShape shape)
    {
        int d = shape.HeadDim, g = shape.KvHeads;
        var output = empty([sequences.Length, g, shape.QueriesPerKv, d], ScalarType.Float32, query.device);
        for (int s = 0; s < sequences.Length; s++)
        {
            var place = sequences[s];
            if (newKey is not null && newValue is not null)
            {
                Store(arena, place.KeyOffset, place.NewRow, newKey, s, shape);
                Store(arena, place.ValueOffset, place.NewRow, newValue, s, shape);
            }

            using var storedKeys = Rows(arena, place.Prefix.KeyOffset, place.KeyOffset, place, shape);
            using var storedValues = Rows(arena, place.Prefix.ValueOffset, place.ValueOffset, place, shape);
            using var keys = storedKeys.to(ScalarType.Float32);
            using var values = storedValues.to(ScalarType.Float32);
            using var row = query.select(0, s);
            using var grouped = row.view(g, shape.QueriesPerKv, d);
            using var scaled = grouped.Scaled(shape.Scale);
            using var kt = keys.permute(1, 2, 0);                   // [G, D, rows]
            using var scores = bmm(scaled, kt);                     // [G, rep, rows]
            if (shape.Softcap is { } cap)
                scores.CapInPlace(cap);
            using var weights = scores.softmax(-1);
            using var vh = values.transpose(0, 1);                  // [G, rows, D]
            using var result = bmm(weights, vh);
            using var target = output.select(0, s);
            target.copy_(result);
        }

        using (output)
            return output.view(sequences.Length, shape.QueryHeads * d);
    }

    private static Tensor Rows(KvArena arena, long prefixOffset, long offset, DecodeKv place, AttentionShape shape)
    {
        var own = arena.View(offset, place.Rows - place.Prefix.Rows, shape.KvHeads, shape.HeadDim);
        if (place.Prefix.Rows == 0)
            return own;
        using (own)
        using (var prefix = arena.View(prefixOffset, place.Prefix.Rows, shape.KvHeads, shape.HeadDim))
            return cat([prefix, own], 0);
    }

    private static void Store(KvArena arena, long offset, int row, Tensor values, int s, AttentionShape shape)
    {
        using var target = arena.View(offset + (long)row * shape.KvHeads * shape.HeadDim, 1, shape.KvHeads, shape.HeadDim);
        using var source = values.narrow(0, s, 1);
        target.copy_(source);
    }

    private static Tensor Simd(Tensor query, Tensor? newKey, Tensor? newValue, KvArena arena, ReadOnlySpan<DecodeKv> sequences, AttentionShape shape)
    {
        using var q = query.contiguous();
        using var k = newKey?.contiguous();
        using var v = newValue?.contiguous();
        var output = empty([sequences.Length, shape.QueryHeads * shape.HeadDim], ScalarType.Float32);
        SimdDecodeKernel.Run(
            (float*)LibTorchAbi.DataPointer(q),
            k is null ? null : (float*)LibTorchAbi.DataPointer(k),
            v is null ? null : (float*)LibTorchAbi.DataPointer(v),
            (float*)LibTorchAbi.DataPointer(output),
            arena.Pointer(0),
            arena.Type == ScalarType.BFloat16,
            sequences,
            shape);
        return output;
    }
}
