using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MixAttention.Compute.Attention;

/// <summary>Reads and writes stored keys and values as float32 vectors; a type parameter, so that each format gets its own machine code.</summary>
internal unsafe interface IKvElements
{
    static abstract int Bytes { get; }

    static abstract Vector256<float> Load(byte* elements);

    static abstract void Store(byte* elements, Vector256<float> values);
}

/// <summary>float32 elements.</summary>
internal readonly unsafe struct Float32Elements : IKvElements
{
    public static int Bytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* elements) => Vector256.Load((float*)elements);

    public static void Store(byte* elements, Vector256<float> values) => values.Store((float*)elements);
}

/// <summary>bfloat16 elements: the upper half of a float32, rounded to nearest even as libtorch does.</summary>
internal readonly unsafe struct BFloat16Elements : IKvElements
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* elements)
    {
        if (Avx2.IsSupported)
            return Vector256.ShiftLeft(Avx2.ConvertToVector256Int32((ushort*)elements), 16).AsSingle();
        var (low, high) = Vector128.Widen(Vector128.Load((ushort*)elements));
        return Vector256.ShiftLeft(Vector256.Create(low, high), 16).AsSingle();
    }

    public static void Store(byte* elements, Vector256<float> values)
    {
        var bits = values.AsUInt32();
        var even = Vector256.ShiftRightLogical(bits, 16) & Vector256.Create(1u);
        var rounded = Vector256.ShiftRightLogical(bits + Vector256.Create(0x7fffu) + even, 16);
        Vector128.Narrow(rounded.GetLower(), rounded.GetUpper()).Store((ushort*)elements);
    }
}
