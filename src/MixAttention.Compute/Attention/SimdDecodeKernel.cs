using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MixAttention.Compute.Native;

namespace MixAttention.Compute.Attention;

/// <summary>Attends decode queries over slabs and rings in place, at the speed of memory.</summary>
/// <remarks>
/// Work is cut into items of (sequence, up to <see cref="SplitRows"/> rows); the cuts depend on the sequence alone. An item goes through its rows in order, block by block and in each block
/// head by head, so that memory is read once and in a stream; a block that begins in a prefix and ends behind it is copied together first. An item keeps a running maximum, sum and weighted values per query head (online softmax). Items of one sequence are merged in order.
/// The portable form in <see cref="DecodeAttention"/> is its oracle.
/// </remarks>
internal static unsafe class SimdDecodeKernel
{
    public const int MaxHeadDim = 512;
    public const int MaxQueriesPerKv = 16;
    private const int SplitRows = 256;
    private const int BlockRows = SimdDecodeProduct.BlockRows;

    private struct Call
    {
        public float* Query, NewKey, NewValue, Output, Partials;
        public byte* Arena;
        public Item* Items;
        public DecodeKv* Sequences;
        public int KvHeads, Rep, D;
        public float Scale, Softcap;
    }

    // Partial: −1 when the item is its sequence's only one and writes the output itself.
    private readonly record struct Item(int Sequence, int FirstRow, int Rows, int Partial);

    /// <summary>One KV head's queries and what they have gathered so far; query heads go in fours, missing ones are zeros whose weights stay zero.</summary>
    private ref struct Head
    {
        public float* Query, Sums, Maximum, Total;
    }

    public static void Run(float* query, float* newKey, float* newValue, float* output, byte* arena, bool isBFloat16, ReadOnlySpan<DecodeKv> sequences, AttentionShape shape)
    {
        var (items, partials) = Cut(sequences);
        int stride = shape.QueryHeads * (shape.HeadDim + 2);
        fixed (DecodeKv* places = sequences)
        fixed (Item* itemPointer = items)
        fixed (float* partialPointer = new float[Math.Max(1, partials * stride)])
        {
            var call = new Call
            {
                Query = query,
                NewKey = newKey,
                NewValue = newValue,
                Output = output,
                Partials = partialPointer,
                Arena = arena,
                Items = itemPointer,
                Sequences = places,
                KvHeads = shape.KvHeads,
                Rep = shape.QueriesPerKv,
                D = shape.HeadDim,
                Scale = (float)shape.Scale,
                Softcap = (float)(shape.Softcap ?? 0),
            };
            if (isBFloat16)
            {
                Append<BFloat16Elements>(call, sequences.Length);
                LibTorchAbi.ParallelFor(items.Length, &BFloat16Items, &call);
            }
            else
            {
                Append<Float32Elements>(call, sequences.Length);
                LibTorchAbi.ParallelFor(items.Length, &Float32Items, &call);
            }

            Merge(call, items);
        }
    }

    private static (Item[] Items, int Partials) Cut(ReadOnlySpan<DecodeKv> sequences)
    {
        var items = new List<Item>(2 * sequences.Length);
        int partials = 0;
        for (int s = 0; s < sequences.Length; s++)
        {
            int rows = sequences[s].Rows;
            for (int first = 0; first < rows; first += SplitRows)
                items.Add(new Item(s, first, Math.Min(SplitRows, rows - first), rows <= SplitRows ? -1 : partials++));
        }

        return ([.. items], partials);
    }

    private static void Append<TElements>(in Call call, int sequences) where TElements : struct, IKvElements
    {
        if (call.NewKey == null)
            return;
        int width = call.KvHeads * call.D;
        for (int s = 0; s < sequences; s++)
        {
            var place = call.Sequences[s];
            byte* key = call.Arena + ((place.KeyOffset + ((long)place.NewRow * width)) * TElements.Bytes);
            byte* value = call.Arena + ((place.ValueOffset + ((long)place.NewRow * width)) * TElements.Bytes);
            for (int i = 0; i < width; i += 8)
            {
                TElements.Store(key + (i * TElements.Bytes), Vector256.Load(call.NewKey + (s * width) + i));
                TElements.Store(value + (i * TElements.Bytes), Vector256.Load(call.NewValue + (s * width) + i));
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Items(long begin, long end, void* context) => Items<BFloat16Elements>(begin, end, (Call*)context);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float32Items(long begin, long end, void* context) => Items<Float32Elements>(begin, end, (Call*)context);

    private static void Items<TElements>(long begin, long end, Call* call) where TElements : struct, IKvElements
    {
        int padded = Padded(call->Rep), heads = call->KvHeads * padded;
        nuint floats = (nuint)((2 * heads * (call->D + 1)) + (padded * BlockRows)), joinedBytes = (nuint)(2 * BlockRows * call->KvHeads * call->D * TElements.Bytes);
        float* memory = (float*)NativeMemory.AlignedAlloc((floats * sizeof(float)) + joinedBytes, 64);
        var head = new Head { Query = memory, Sums = memory + (heads * call->D), Maximum = memory + (2 * heads * call->D), Total = memory + (heads * ((2 * call->D) + 1)) };
        float* scores = memory + (2 * heads * (call->D + 1));
        for (long i = begin; i < end; i++)
            Attend<TElements>(in *call, in call->Items[i], head, scores, (byte*)(memory + floats));
        NativeMemory.AlignedFree(memory);
    }

    private static void Attend<TElements>(in Call call, in Item item, Head all, float* scores, byte* joined) where TElements : struct, IKvElements
    {
        int rep = call.Rep, d = call.D, padded = Padded(rep);
        long headBytes = (long)d * TElements.Bytes, rowBytes = call.KvHeads * headBytes;
        var place = call.Sequences[item.Sequence];
        LoadQueries(in call, item.Sequence, all);
        for (int row = 0; row < item.Rows; row += BlockRows)
        {
            int rows = Math.Min(BlockRows, item.Rows - row);
            byte* keys = Block<TElements>(in call, place.Prefix.KeyOffset, place.KeyOffset, place.Prefix.Rows, item.FirstRow + row, rows, joined);
            byte* values = Block<TElements>(in call, place.Prefix.ValueOffset, place.ValueOffset, place.Prefix.Rows, item.FirstRow + row, rows, joined + (BlockRows * rowBytes));
            for (int g = 0; g < call.KvHeads; g++)
            {
                var head = Of(all, g, padded, d);
                SimdDecodeProduct.Scores<TElements>(head.Query, keys + (g * headBytes), values + (g * headBytes), rowBytes, scores, rows, padded, d);
                for (int r = 0; r < rep; r++)
                    Soften(scores + (r * BlockRows), rows, call.Softcap, ref head.Maximum[r], ref head.Total[r], head.Sums + (r * d), d);
                SimdDecodeProduct.Accumulate<TElements>(scores, values + (g * headBytes), rowBytes, head.Sums, rows, padded, d);
            }
        }

        for (int h = 0; h < call.KvHeads * rep; h++)
        {
            var head = Of(all, h / rep, padded, d);
            int r = h % rep;
            if (item.Partial < 0)
            {
                Scaled(head.Sums + (r * d), 1 / head.Total[r], call.Output + ((((long)item.Sequence * call.KvHeads * rep) + h) * d), d);
                continue;
            }

            float* partial = call.Partials + ((((long)item.Partial * call.KvHeads * rep) + h) * (d + 2));
            partial[0] = head.Maximum[r];
            partial[1] = head.Total[r];
            Scaled(head.Sums + (r * d), 1, partial + 2, d);
        }
    }

    // Blocks are cut without regard to where a prefix ends, so that bits do not depend on whether there is one. One that goes over the end is copied together.
    private static byte* Block<TElements>(in Call call, long prefixOffset, long offset, int prefixRows, int row, int rows, byte* joined) where TElements : struct, IKvElements
    {
        long rowBytes = (long)call.KvHeads * call.D * TElements.Bytes;
        byte* inPrefix = call.Arena + (prefixOffset * TElements.Bytes) + (row * rowBytes), own = call.Arena + (offset * TElements.Bytes);
        if (row + rows <= prefixRows)
            return inPrefix;
        if (row >= prefixRows)
            return own + ((row - prefixRows) * rowBytes);
        long before = (prefixRows - row) * rowBytes, after = (rows * rowBytes) - before;
        Buffer.MemoryCopy(inPrefix, joined, before, before);
        Buffer.MemoryCopy(own, joined + before, after, after);
        return joined;
    }

    private static void LoadQueries(in Call call, int sequence, Head all)
    {
        int rep = call.Rep, d = call.D, padded = Padded(rep), heads = call.KvHeads * padded;
        NativeMemory.Clear(all.Query, (nuint)(2 * heads * d * sizeof(float))); // queries and sums
        for (int h = 0; h < call.KvHeads * rep; h++)
            Scaled(call.Query + ((((long)sequence * call.KvHeads * rep) + h) * d), call.Scale, all.Query + (((h / rep * padded) + (h % rep)) * d), d);
        for (int h = 0; h < heads; h++)
        {
            all.Maximum[h] = float.NegativeInfinity;
            all.Total[h] = 0;
        }
    }

    private static Head Of(Head all, int g, int padded, int d) => new()
    {
        Query = all.Query + (g * padded * d),
        Sums = all.Sums + (g * padded * d),
        Maximum = all.Maximum + (g * padded),
        Total = all.Total + (g * padded),
    };

    private static int Padded(int rep) => rep == 1 ? 1 : (rep + 3) & ~3;

    // Turns scores into weights relative to the running maximum, and brings the sums to the new one.
    private static void Soften(float* scores, int rows, float softcap, ref float maximum, ref float total, float* sums, int d)
    {
        int padded = (rows + 7) & ~7;
        for (int i = 0; softcap != 0 && i < rows; i += 8)
            SimdMath.Cap(Vector256.Load(scores + i), softcap).Store(scores + i);
        for (int i = rows; i < padded; i++)
            scores[i] = float.NegativeInfinity;
        float rescale = SimdMath.Soften(scores, padded, ref maximum, ref total);
        if (rescale != 1)
            Scaled(sums, rescale, sums, d);
    }

    private static void Scaled(float* source, float factor, float* target, int count)
    {
        for (int i = 0; i < count; i += 8)
            (Vector256.Load(source + i) * factor).Store(target + i);
    }

    // Joins the parts of sequences longer than one split, in row order.
    private static void Merge(in Call call, Item[] items)
    {
        int heads = call.KvHeads * call.Rep, d = call.D, stride = heads * (d + 2);
        for (int i = 0, count; i < items.Length; i += count)
        {
            var item = items[i];
            for (count = 1; i + count < items.Length && items[i + count].Sequence == item.Sequence;)
                count++;
            for (int h = 0; item.Partial >= 0 && h < heads; h++)
                MergeHead(call.Partials + ((long)item.Partial * stride) + (h * (d + 2)), stride, count, call.Output + ((((long)item.Sequence * heads) + h) * d), d);
        }
    }

    private static void MergeHead(float* partials, int stride, int count, float* output, int d)
    {
        float maximum = float.NegativeInfinity, total = 0;
        for (int p = 0; p < count; p++)
            maximum = Math.Max(maximum, partials[p * stride]);
        for (int p = 0; p < count; p++)
            total += partials[p * stride + 1] * MathF.Exp(partials[p * stride] - maximum);
        for (int i = 0; i < d; i += 8)
        {
            var sum = Vector256<float>.Zero;
            for (int p = 0; p < count; p++)
                sum += Vector256.Load(partials + p * stride + 2 + i) * MathF.Exp(partials[p * stride] - maximum);
            (sum * (1 / total)).Store(output + i);
        }
    }
}
