using System.Runtime.CompilerServices;

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
        nint one = aStride, two = 2 * one, next = bStride; // native integers: no sign extension inside the loop
        float* a3 = a + (3 * one);
        TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        TVector c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (float* end = a + inner; a < end; a++, a3++, b += next)
        {
            var b0 = TVector.Load(b);
            var b1 = TVector.Load(b + TVector.Width);
            var x = TVector.Broadcast(a[0]);
            c00 = TVector.MultiplyAdd(x, b0, c00);
            c01 = TVector.MultiplyAdd(x, b1, c01);
            x = TVector.Broadcast(a[one]);
            c10 = TVector.MultiplyAdd(x, b0, c10);
            c11 = TVector.MultiplyAdd(x, b1, c11);
            x = TVector.Broadcast(a[two]);
            c20 = TVector.MultiplyAdd(x, b0, c20);
            c21 = TVector.MultiplyAdd(x, b1, c21);
            x = TVector.Broadcast(a3[0]);
            c30 = TVector.MultiplyAdd(x, b0, c30);
            c31 = TVector.MultiplyAdd(x, b1, c31);
            x = TVector.Broadcast(a3[one]);
            c40 = TVector.MultiplyAdd(x, b0, c40);
            c41 = TVector.MultiplyAdd(x, b1, c41);
            x = TVector.Broadcast(a3[two]);
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

    // Inlined: a call would make the compiler keep the sums in memory, also inside the loop before it, at a third of the speed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
