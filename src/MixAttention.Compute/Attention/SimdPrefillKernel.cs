using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MixAttention.Compute.Native;

namespace MixAttention.Compute.Attention;

/// <summary>Attends the queries of a prompt segment over keys and values where they lie, in float32, without ever writing a score matrix to memory.</summary>
/// <remarks>
/// The form of flash attention (Dao et al., 2022) for a CPU: tiles of queries that share a KV head, blocks of 64 keys, online softmax; blocks outside the causal band or the window are
/// never touched. A tile's cuts depend on positions alone and one thread computes it, so bits depend neither on the batch nor on the number of threads. Blocks are copied to the cache before
/// they are used, so one may begin in the first piece of the keys and end in the second.
/// The portable form in <see cref="PrefillAttention"/> is its oracle.
/// </remarks>
internal static unsafe class SimdPrefillKernel
{
    private const int TileRows = 192; // query rows of a tile: heads that share a KV head × positions
    private const int BlockKeys = 64;

    private struct Call
    {
        public float* Query, Output;
        public KvRows First, Second;
        public int Queries, FirstQuery, FirstKey, KvHeads, Rep, D, Window, TileQueries, Tiles;
        public float Scale, Softcap;
    }

    /// <summary>What one thread works with: a tile's queries, sums and scores, and one block of keys and values.</summary>
    private ref struct Buffers
    {
        public float* Query, Sums, Scores, Keys, Values, Maximum, Total;
    }

    /// <param name="query">[n, H, D] float32.</param>
    /// <param name="first">Rows [m, G, D] from position firstKey on.</param>
    /// <param name="second">The rows after them, or none.</param>
    /// <param name="output">[n, H, D] float32.</param>
    public static void Run(float* query, KvRows first, KvRows second, bool isBFloat16, float* output, int queries, int firstQuery, int firstKey, AttentionShape shape)
    {
        int rep = shape.QueriesPerKv, tileQueries = Math.Max(1, TileRows / rep);
        var call = new Call
        {
            Query = query,
            Output = output,
            First = first,
            Second = second,
            Queries = queries,
            FirstQuery = firstQuery,
            FirstKey = firstKey,
            KvHeads = shape.KvHeads,
            Rep = rep,
            D = shape.HeadDim,
            Window = shape.Window ?? int.MaxValue,
            TileQueries = tileQueries,
            Tiles = (queries + tileQueries - 1) / tileQueries,
            Scale = (float)shape.Scale,
            Softcap = (float)(shape.Softcap ?? 0),
        };
        bool isWide = Vector512.IsHardwareAccelerated && shape.HeadDim % 16 == 0;
        delegate* unmanaged[Cdecl]<long, long, void*, void> body = (isBFloat16, isWide) switch
        {
            (true, true) => &BFloat16Wide,
            (true, false) => &BFloat16,
            (false, true) => &Float32Wide,
            (false, false) => &Float32,
        };
        LibTorchAbi.ParallelFor((long)call.Tiles * call.KvHeads, body, &call);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16Wide(long begin, long end, void* call) => Items<BFloat16Elements, Simd512>(begin, end, in *(Call*)call);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void BFloat16(long begin, long end, void* call) => Items<BFloat16Elements, Simd256>(begin, end, in *(Call*)call);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float32Wide(long begin, long end, void* call) => Items<Float32Elements, Simd512>(begin, end, in *(Call*)call);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Float32(long begin, long end, void* call) => Items<Float32Elements, Simd256>(begin, end, in *(Call*)call);

    private static void Items<TElements, TVector>(long begin, long end, in Call call)
        where TElements : struct, IKvElements
        where TVector : struct, ISimdVector<TVector>
    {
        int d = call.D, rows = Padded(call.TileQueries * call.Rep);
        nuint floats = (nuint)((2 * rows * d) + (rows * BlockKeys) + (2 * BlockKeys * d) + (2 * rows));
        float* memory = (float*)NativeMemory.AlignedAlloc(floats * sizeof(float), 64);
        var buffers = new Buffers { Query = memory };
        buffers.Sums = buffers.Query + (rows * d);
        buffers.Scores = buffers.Sums + (rows * d);
        buffers.Keys = buffers.Scores + (rows * BlockKeys);
        buffers.Values = buffers.Keys + (BlockKeys * d);
        buffers.Maximum = buffers.Values + (BlockKeys * d);
        buffers.Total = buffers.Maximum + rows;
        for (long i = begin; i < end; i++)
        {
            // Later tiles see more keys: taking tiles from both ends in turn gives equal shares to threads that get consecutive items.
            int turn = (int)(i / call.KvHeads);
            int tile = turn % 2 == 0 ? turn / 2 : call.Tiles - 1 - (turn / 2);
            Tile<TElements, TVector>(in call, (int)(i % call.KvHeads), tile * call.TileQueries, buffers);
        }

        NativeMemory.AlignedFree(memory);
    }

    private static void Tile<TElements, TVector>(in Call call, int head, int start, Buffers buffers)
        where TElements : struct, IKvElements
        where TVector : struct, ISimdVector<TVector>
    {
        int d = call.D, queries = Math.Min(call.TileQueries, call.Queries - start), rows = queries * call.Rep, padded = Padded(rows);
        int firstPosition = call.FirstQuery + start, lastPosition = firstPosition + queries - 1;
        LoadQueries(in call, head, start, queries, padded, buffers);
        int low = Math.Max(call.FirstKey, (int)Math.Max(int.MinValue, (long)firstPosition - call.Window + 1));
        for (int key = low; key <= lastPosition; key += BlockKeys)
        {
            int keys = Math.Min(BlockKeys, lastPosition + 1 - key);
            LoadBlock<TElements>(in call, head, key - call.FirstKey, keys, buffers);
            // Only the rows that see some key of the block: from the first key's own query to the last one whose window reaches back to it.
            int from = Math.Max(0, key - firstPosition) * call.Rep / SimdTileProduct.Rows * SimdTileProduct.Rows;
            int to = Padded((int)Math.Min(queries, (long)key + keys - 1 + call.Window - firstPosition) * call.Rep);
            float* scores = buffers.Scores + (from * BlockKeys);
            SimdTileProduct.Run<TVector>(buffers.Query + (from * d), d, buffers.Keys, BlockKeys, scores, BlockKeys, to - from, BlockKeys, d, add: false);
            for (int row = from; row < Math.Min(to, rows); row++)
                Weigh(in call, row, firstPosition + (row / call.Rep), key, keys, buffers);
            SimdTileProduct.Run<TVector>(scores, BlockKeys, buffers.Values, d, buffers.Sums + (from * d), d, to - from, d, BlockKeys, add: true);
        }

        for (int row = 0; row < rows; row++)
        {
            float* target = call.Output + ((((long)start + (row / call.Rep)) * call.KvHeads * call.Rep) + (head * call.Rep) + (row % call.Rep)) * d;
            float factor = 1 / buffers.Total[row];
            for (int i = 0; i < d; i += 8)
                (Vector256.Load(buffers.Sums + (row * d) + i) * factor).Store(target + i);
        }
    }

    // Row = position · rep + head, so that rows of one position are neighbours and share their mask.
    private static void LoadQueries(in Call call, int head, int start, int queries, int padded, Buffers buffers)
    {
        int d = call.D, rows = queries * call.Rep;
        for (int row = 0; row < rows; row++)
        {
            float* source = call.Query + ((((long)start + (row / call.Rep)) * call.KvHeads * call.Rep) + (head * call.Rep) + (row % call.Rep)) * d;
            for (int i = 0; i < d; i += 8)
                (Vector256.Load(source + i) * call.Scale).Store(buffers.Query + (row * d) + i);
            buffers.Maximum[row] = float.NegativeInfinity;
            buffers.Total[row] = 0;
        }

        NativeMemory.Clear(buffers.Query + (rows * d), (nuint)((padded - rows) * d * sizeof(float)));
        NativeMemory.Clear(buffers.Sums, (nuint)(padded * d * sizeof(float)));
        NativeMemory.Clear(buffers.Scores + (rows * BlockKeys), (nuint)((padded - rows) * BlockKeys * sizeof(float)));
    }

    // Keys go in transposed, [D, 64], values as they are, [64, D]; missing ones are zeros.
    private static void LoadBlock<TElements>(in Call call, int head, int first, int keys, Buffers buffers) where TElements : struct, IKvElements
    {
        int d = call.D, inFirst = Math.Clamp(call.First.Count - first, 0, keys);
        LoadRows<TElements>(in call, in call.First, head, first, 0, inFirst, buffers);
        LoadRows<TElements>(in call, in call.Second, head, first + inFirst - call.First.Count, inFirst, keys, buffers);
        if (keys == BlockKeys)
            return;
        NativeMemory.Clear(buffers.Values + (keys * d), (nuint)((BlockKeys - keys) * d * sizeof(float)));
        for (int i = 0; i < d; i++)
            NativeMemory.Clear(buffers.Keys + (i * BlockKeys) + keys, (nuint)((BlockKeys - keys) * sizeof(float)));
    }

    // Rows from..to of the block are those of a piece from a first one on.
    private static void LoadRows<TElements>(in Call call, in KvRows piece, int head, int first, int from, int to, Buffers buffers) where TElements : struct, IKvElements
    {
        int d = call.D;
        long rowBytes = (long)call.KvHeads * d * TElements.Bytes;
        byte* key = piece.Keys + (first * rowBytes) + ((long)head * d * TElements.Bytes);
        byte* value = piece.Values + (first * rowBytes) + ((long)head * d * TElements.Bytes);
        float* eight = stackalloc float[8];
        for (int row = from; row < to; row++, key += rowBytes, value += rowBytes)
        {
            for (int i = 0; i < d; i += 8)
            {
                TElements.Load(value + (i * TElements.Bytes)).Store(buffers.Values + (row * d) + i);
                TElements.Load(key + (i * TElements.Bytes)).Store(eight);
                float* column = buffers.Keys + (i * BlockKeys) + row;
                for (int lane = 0; lane < 8; lane++)
                    column[lane * BlockKeys] = eight[lane];
            }
        }
    }

    private static void Weigh(in Call call, int row, int position, int key, int keys, Buffers buffers)
    {
        float* scores = buffers.Scores + (row * BlockKeys);
        int from = (int)Math.Clamp((long)position - call.Window + 1 - key, 0, keys);
        int to = Math.Clamp(position + 1 - key, 0, keys);
        if (from >= to)
        {
            NativeMemory.Clear(scores, BlockKeys * sizeof(float)); // a neighbour of rows that see some of the block
            return;
        }

        for (int i = 0; call.Softcap != 0 && i < BlockKeys; i += 8)
            SimdMath.Cap(Vector256.Load(scores + i), call.Softcap).Store(scores + i);
        for (int i = 0; i < from; i++)
            scores[i] = float.NegativeInfinity;
        for (int i = to; i < BlockKeys; i++)
            scores[i] = float.NegativeInfinity;
        float rescale = SimdMath.Soften(scores, BlockKeys, ref buffers.Maximum[row], ref buffers.Total[row]);
        if (rescale != 1)
            Rescale(buffers.Sums + (row * call.D), rescale, call.D);
    }

    private static void Rescale(float* sums, float factor, int d)
    {
        for (int i = 0; i < d; i += 8)
            (Vector256.Load(sums + i) * factor).Store(sums + i);
    }

    private static int Padded(int rows) => (rows + SimdTileProduct.Rows - 1) / SimdTileProduct.Rows * SimdTileProduct.Rows;
}
