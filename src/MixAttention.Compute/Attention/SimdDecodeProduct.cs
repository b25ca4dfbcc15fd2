using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MixAttention.Compute.Attention;

/// <summary>Multiplies the query heads of one KV head with a block of stored rows: the two products of decode attention, made as memory streams by.</summary>
internal static unsafe class SimdDecodeProduct
{
    /// <summary>The most rows of a block; the stride of scores.</summary>
    public const int BlockRows = 32;

    /// <summary>Computes scores[r][row] = query[r] · key[row]; four query heads share each loaded key, and two keys each loaded query.</summary>
    /// <param name="values">The rows' values, which are needed next.</param>
    /// <param name="scores">What lies between rows and the next even number is overwritten.</param>
    public static void Scores<TElements>(float* query, byte* keys, byte* values, long rowBytes, float* scores, int rows, int rep, int d) where TElements : struct, IKvElements
    {
        if (rep == 1)
        {
            for (int row = 0; row < rows; row++)
            {
                Prefetch<TElements>(keys + (row * rowBytes), values + (row * rowBytes), rowBytes, d);
                scores[row] = ScoreOne<TElements>(query, keys + (row * rowBytes), d);
            }

            return;
        }

        for (int r = 0; r < rep; r += 4)
        {
            for (int row = 0; row < rows; row += 2)
            {
                byte* first = keys + (row * rowBytes);
                byte* second = row + 1 < rows ? first + rowBytes : first;
                if (r == 0)
                {
                    Prefetch<TElements>(first, values + (row * rowBytes), rowBytes, d);
                    Prefetch<TElements>(second, values + ((row + 1) * rowBytes), rowBytes, d);
                }

                ScoreFour<TElements>(query + (r * d), first, second, scores + (r * BlockRows) + row, d);
            }
        }
    }

    // This block's values come next, and after them the next block's keys.
    private static void Prefetch<TElements>(byte* key, byte* value, long rowBytes, int d) where TElements : struct, IKvElements
    {
        for (nint at = 0; Sse.IsSupported && at < d * TElements.Bytes; at += 64)
        {
            Sse.Prefetch0(value + at);
            Sse.Prefetch0(key + (BlockRows * rowBytes) + at);
        }
    }

    private static float ScoreOne<TElements>(float* query, byte* key, int d) where TElements : struct, IKvElements
    {
        Vector256<float> a = default, b = default;
        nint i = 0;
        for (; i + 16 <= d; i += 16)
        {
            a = Vector256.FusedMultiplyAdd(Vector256.Load(query + i), TElements.Load(key + (i * TElements.Bytes)), a);
            b = Vector256.FusedMultiplyAdd(Vector256.Load(query + i + 8), TElements.Load(key + ((i + 8) * TElements.Bytes)), b);
        }

        for (; i < d; i += 8)
            a = Vector256.FusedMultiplyAdd(Vector256.Load(query + i), TElements.Load(key + (i * TElements.Bytes)), a);
        return Vector256.Sum(a + b);
    }

    // One index and pointers of their own: addresses that are computed anew for every load cost a quarter of the time.
    private static void ScoreFour<TElements>(float* query, byte* first, byte* second, float* scores, int d) where TElements : struct, IKvElements
    {
        float* query1 = query + d, query2 = query1 + d, query3 = query2 + d;
        Vector256<float> a0 = default, b0 = default, c0 = default, d0 = default, a1 = default, b1 = default, c1 = default, d1 = default;
        for (nint i = 0; i < d; i += 8)
        {
            var k0 = TElements.Load(first + (i * TElements.Bytes));
            var k1 = TElements.Load(second + (i * TElements.Bytes));
            var q = Vector256.Load(query + i);
            a0 = Vector256.FusedMultiplyAdd(q, k0, a0);
            a1 = Vector256.FusedMultiplyAdd(q, k1, a1);
            q = Vector256.Load(query1 + i);
            b0 = Vector256.FusedMultiplyAdd(q, k0, b0);
            b1 = Vector256.FusedMultiplyAdd(q, k1, b1);
            q = Vector256.Load(query2 + i);
            c0 = Vector256.FusedMultiplyAdd(q, k0, c0);
            c1 = Vector256.FusedMultiplyAdd(q, k1, c1);
            q = Vector256.Load(query3 + i);
            d0 = Vector256.FusedMultiplyAdd(q, k0, d0);
            d1 = Vector256.FusedMultiplyAdd(q, k1, d1);
        }

        var ab = SumEach(a0, a1, b0, b1).AsDouble();
        var cd = SumEach(c0, c1, d0, d1).AsDouble();
        *(double*)scores = ab[0];
        *(double*)(scores + BlockRows) = ab[1];
        *(double*)(scores + (2 * BlockRows)) = cd[0];
        *(double*)(scores + (3 * BlockRows)) = cd[1];
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
        float* weights1 = weights + BlockRows, weights2 = weights1 + BlockRows, weights3 = weights2 + BlockRows;
        Vector256<float> a0 = Vector256.Load(sums), a1 = Vector256.Load(sums + 8);
        Vector256<float> b0 = Vector256.Load(sums + d), b1 = Vector256.Load(sums + d + 8);
        Vector256<float> c0 = Vector256.Load(sums + 2 * d), c1 = Vector256.Load(sums + 2 * d + 8);
        Vector256<float> d0 = Vector256.Load(sums + 3 * d), d1 = Vector256.Load(sums + 3 * d + 8);
        for (nint row = 0; row < rows; row++, values += rowBytes)
        {
            var v0 = TElements.Load(values);
            var v1 = TElements.Load(values + 8 * TElements.Bytes);
            var w = Vector256.Create(weights[row]);
            a0 = Vector256.FusedMultiplyAdd(w, v0, a0);
            a1 = Vector256.FusedMultiplyAdd(w, v1, a1);
            w = Vector256.Create(weights1[row]);
            b0 = Vector256.FusedMultiplyAdd(w, v0, b0);
            b1 = Vector256.FusedMultiplyAdd(w, v1, b1);
            w = Vector256.Create(weights2[row]);
            c0 = Vector256.FusedMultiplyAdd(w, v0, c0);
            c1 = Vector256.FusedMultiplyAdd(w, v1, c1);
            w = Vector256.Create(weights3[row]);
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
