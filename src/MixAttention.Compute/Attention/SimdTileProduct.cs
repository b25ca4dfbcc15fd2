namespace MixAttention.Compute.Attention;

/// <summary>Multiplies small matrices that lie in the cache: the two products of a tile of attention.</summary>
internal static unsafe class SimdTileProduct
{
    /// <summary>Rows that are computed together; the number of rows is a multiple of it.</summary>
    public const int Rows = 6;

    /// <summary>Computes C = A · B, or C += A · B.</summary>
    /// <param name="a">[rows, inner], row stride aStride.</param>
    /// <param name="b">[inner, columns], row stride bStride.</param>
    /// <param name="c">[rows, columns], row stride cStride; columns are a multiple of the vector's width.</param>
    public static void Run<TVector>(float* a, int aStride, float* b, int bStride, float* c, int cStride, int rows, int columns, int inner, bool add)
        where TVector : struct, ISimdVector<TVector>
    {
        int column = 0;
        for (; column + (2 * TVector.Width) <= columns; column += 2 * TVector.Width)
        {
            for (int row = 0; row < rows; row += Rows)
                TwoVectors<TVector>(a + (row * aStride), aStride, b + column, bStride, c + (row * cStride) + column, cStride, inner, add);
        }

        for (; column < columns; column += TVector.Width)
        {
            for (int row = 0; row < rows; row += Rows)
                OneVector<TVector>(a + (row * aStride), aStride, b + column, bStride, c + (row * cStride) + column, cStride, inner, add);
        }
    }

    // Six rows of two vectors: twelve sums stay in registers, each loaded vector of B serves six rows.
    private static void TwoVectors<TVector>(float* a, int aStride, float* b, int bStride, float* c, int cStride, int inner, bool add)
        where TVector : struct, ISimdVector<TVector>
    {
        int w = TVector.Width;
        TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        TVector c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        float* a3 = a + (3 * aStride);
        for (int k = 0; k < inner; k++, b += bStride)
        {
            var b0 = TVector.Load(b);
            var b1 = TVector.Load(b + w);
            var x = TVector.Broadcast(a[k]);
            c00 = TVector.MultiplyAdd(x, b0, c00);
            c01 = TVector.MultiplyAdd(x, b1, c01);
            x = TVector.Broadcast(a[aStride + k]);
            c10 = TVector.MultiplyAdd(x, b0, c10);
            c11 = TVector.MultiplyAdd(x, b1, c11);
            x = TVector.Broadcast(a[(2 * aStride) + k]);
            c20 = TVector.MultiplyAdd(x, b0, c20);
            c21 = TVector.MultiplyAdd(x, b1, c21);
            x = TVector.Broadcast(a3[k]);
            c30 = TVector.MultiplyAdd(x, b0, c30);
            c31 = TVector.MultiplyAdd(x, b1, c31);
            x = TVector.Broadcast(a3[aStride + k]);
            c40 = TVector.MultiplyAdd(x, b0, c40);
            c41 = TVector.MultiplyAdd(x, b1, c41);
            x = TVector.Broadcast(a3[(2 * aStride) + k]);
            c50 = TVector.MultiplyAdd(x, b0, c50);
            c51 = TVector.MultiplyAdd(x, b1, c51);
        }

        Put(c00, c01, c, add);
        Put(c10, c11, c + cStride, add);
        Put(c20, c21, c + (2 * cStride), add);
        Put(c30, c31, c + (3 * cStride), add);
        Put(c40, c41, c + (4 * cStride), add);
        Put(c50, c51, c + (5 * cStride), add);
    }

    private static void OneVector<TVector>(float* a, int aStride, float* b, int bStride, float* c, int cStride, int inner, bool add)
        where TVector : struct, ISimdVector<TVector>
    {
        for (int row = 0; row < Rows; row++, a += aStride, c += cStride)
        {
            TVector even = default, odd = default;
            int k = 0;
            for (; k + 2 <= inner; k += 2)
            {
                even = TVector.MultiplyAdd(TVector.Broadcast(a[k]), TVector.Load(b + (k * bStride)), even);
                odd = TVector.MultiplyAdd(TVector.Broadcast(a[k + 1]), TVector.Load(b + ((k + 1) * bStride)), odd);
            }

            if (k < inner)
                even = TVector.MultiplyAdd(TVector.Broadcast(a[k]), TVector.Load(b + (k * bStride)), even);
            even = TVector.MultiplyAdd(TVector.Broadcast(1), odd, even);
            if (add)
                even = TVector.MultiplyAdd(TVector.Broadcast(1), TVector.Load(c), even);
            even.Store(c);
        }
    }

    private static void Put<TVector>(TVector first, TVector second, float* c, bool add) where TVector : struct, ISimdVector<TVector>
    {
        if (add)
        {
            var one = TVector.Broadcast(1);
            first = TVector.MultiplyAdd(one, TVector.Load(c), first);
            second = TVector.MultiplyAdd(one, TVector.Load(c + TVector.Width), second);
        }

        first.Store(c);
        second.Store(c + TVector.Width);
    }
}
