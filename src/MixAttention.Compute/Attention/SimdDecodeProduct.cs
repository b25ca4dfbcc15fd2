using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MixAttention.Compute.Attention;

/// <summary>Multiplies the query heads of one KV head with a block of stored rows: the two products of decode attention, made as memory streams by.</summary>
internal static unsafe class SimdDecodeProduct
{
    /// <summary>The most rows of a block; the stride of scores.</summary>
    public const int BlockRows = 32;

    /// <summary>Computes scores[r][row] = query[r] · key[row]; four query heads share each loaded key.</summary>
    /// <param name="values">The rows' values, which are needed next.</param>
    public static void Scores<TElements>(float* query, byte* keys, byte* values, long rowBytes, float* scores, int rows, int rep, int d) where TElements : struct, IKvElements
    {
        for (int row = 0; row < rows; row++, keys += rowBytes, values += rowBytes)
        {
            // This block's values come next, and after them the next block's keys.
            for (int at = 0; Sse.IsSupported && at < d * TElements.Bytes; at += 64)
            {
                Sse.Prefetch0(values + at);
                Sse.Prefetch0(keys + (BlockRows * rowBytes) + at);
            }

            int r = 0;
            for (; r + 4 <= rep; r += 4)
            {
                float* q = query + r * d;
                Vector256<float> a = default, b = default, c = default, e = default;
                for (int i = 0; i < d; i += 8)
                {
                    var key = TElements.Load(keys + i * TElements.Bytes);
                    a = Vector256.FusedMultiplyAdd(Vector256.Load(q + i), key, a);
                    b = Vector256.FusedMultiplyAdd(Vector256.Load(q + d + i), key, b);
                    c = Vector256.FusedMultiplyAdd(Vector256.Load(q + 2 * d + i), key, c);
                    e = Vector256.FusedMultiplyAdd(Vector256.Load(q + 3 * d + i), key, e);
                }

                var four = SumEach(a, b, c, e);
                scores[r * BlockRows + row] = four[0];
                scores[(r + 1) * BlockRows + row] = four[1];
                scores[(r + 2) * BlockRows + row] = four[2];
                scores[(r + 3) * BlockRows + row] = four[3];
            }

            for (; r < rep; r++)
            {
                Vector256<float> a = default, b = default;
                int i = 0;
                for (; i + 16 <= d; i += 16)
                {
                    a = Vector256.FusedMultiplyAdd(Vector256.Load(query + r * d + i), TElements.Load(keys + i * TElements.Bytes), a);
                    b = Vector256.FusedMultiplyAdd(Vector256.Load(query + r * d + i + 8), TElements.Load(keys + (i + 8) * TElements.Bytes), b);
                }

                for (; i < d; i += 8)
                    a = Vector256.FusedMultiplyAdd(Vector256.Load(query + r * d + i), TElements.Load(keys + i * TElements.Bytes), a);
                scores[r * BlockRows + row] = Vector256.Sum(a + b);
            }
        }
    }

    private static Vector128<float> SumEach(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Avx.IsSupported)
            return Vector128.Create(Vector256.Sum(a), Vector256.Sum(b), Vector256.Sum(c), Vector256.Sum(d));
        var pairs = Avx.HorizontalAdd(Avx.HorizontalAdd(a, b), Avx.HorizontalAdd(c, d));
        return pairs.GetLower() + pairs.GetUpper();
    }

    /// <summary>Computes sums[r] += Σ rows scores[r][row] · value[row]; sixteen columns of four query heads stay in registers.</summary>
    public static void Accumulate<TElements>(float* scores, byte* values, long rowBytes, float* sums, int rows, int rep, int d) where TElements : struct, IKvElements
    {
        for (int r = 0; r < rep;)
        {
            int heads = Math.Min(4, rep - r);
            int i = 0;
            if (heads == 4)
            {
                for (; i + 16 <= d; i += 16)
                    AccumulateFour<TElements>(scores + r * BlockRows, values + i * TElements.Bytes, rowBytes, sums + r * d + i, rows, d);
            }

            for (; i < d; i += 8)
            {
                for (int h = r; h < r + heads; h++)
                    AccumulateOne<TElements>(scores + h * BlockRows, values + i * TElements.Bytes, rowBytes, sums + h * d + i, rows);
            }

            r += heads;
        }
    }

    private static void AccumulateFour<TElements>(float* weights, byte* values, long rowBytes, float* sums, int rows, int d) where TElements : struct, IKvElements
    {
        Vector256<float> a0 = Vector256.Load(sums), a1 = Vector256.Load(sums + 8);
        Vector256<float> b0 = Vector256.Load(sums + d), b1 = Vector256.Load(sums + d + 8);
        Vector256<float> c0 = Vector256.Load(sums + 2 * d), c1 = Vector256.Load(sums + 2 * d + 8);
        Vector256<float> d0 = Vector256.Load(sums + 3 * d), d1 = Vector256.Load(sums + 3 * d + 8);
        for (int row = 0; row < rows; row++, values += rowBytes)
        {
            var v0 = TElements.Load(values);
            var v1 = TElements.Load(values + 8 * TElements.Bytes);
            var w = Vector256.Create(weights[row]);
            a0 = Vector256.FusedMultiplyAdd(w, v0, a0);
            a1 = Vector256.FusedMultiplyAdd(w, v1, a1);
            w = Vector256.Create(weights[BlockRows + row]);
            b0 = Vector256.FusedMultiplyAdd(w, v0, b0);
            b1 = Vector256.FusedMultiplyAdd(w, v1, b1);
            w = Vector256.Create(weights[2 * BlockRows + row]);
            c0 = Vector256.FusedMultiplyAdd(w, v0, c0);
            c1 = Vector256.FusedMultiplyAdd(w, v1, c1);
            w = Vector256.Create(weights[3 * BlockRows + row]);
            d0 = Vector256.FusedMultiplyAdd(w, v0, d0);
            d1 = Vector256.FusedMultiplyAdd(w, v1, d1);
        }

        a0.Store(sums);
        a1.Store(sums + 8);
        b0.Store(sums + d);
        b1.Store(sums + d + 8);
        c0.Store(sums + 2 * d);
        c1.Store(sums + 2 * d + 8);
        d0.Store(sums + 3 * d);
        d1.Store(sums + 3 * d + 8);
    }

    private static void AccumulateOne<TElements>(float* weights, byte* values, long rowBytes, float* sums, int rows) where TElements : struct, IKvElements
    {
        Vector256<float> even = Vector256.Load(sums), odd = default;
        int row = 0;
        for (; row + 2 <= rows; row += 2, values += 2 * rowBytes)
        {
            even = Vector256.FusedMultiplyAdd(Vector256.Create(weights[row]), TElements.Load(values), even);
            odd = Vector256.FusedMultiplyAdd(Vector256.Create(weights[row + 1]), TElements.Load(values + rowBytes), odd);
        }

        if (row < rows)
            even = Vector256.FusedMultiplyAdd(Vector256.Create(weights[row]), TElements.Load(values), even);
        (even + odd).Store(sums);
    }
}
