namespace MixAttention.Model.Checkpoints;

/// <summary>Names the number format in which a tensor lies in a safetensors file.</summary>
public enum StoredType
{
    /// <summary>32-bit IEEE float.</summary>
    F32,

    /// <summary>16-bit IEEE float.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a 32-bit float.</summary>
    BF16,

    /// <summary>64-bit IEEE float.</summary>
    F64,

    /// <summary>Complex number of two 32-bit floats.</summary>
    C64,

    /// <summary>8-bit float with 4 exponent and 3 mantissa bits.</summary>
    F8E4M3,

    /// <summary>8-bit float with 5 exponent and 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>8-bit power of two.</summary>
    F8E8M0,

    /// <summary>6-bit float with 2 exponent and 3 mantissa bits.</summary>
    F6E2M3,

    /// <summary>6-bit float with 3 exponent and 2 mantissa bits.</summary>
    F6E3M2,

    /// <summary>4-bit float.</summary>
    F4,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Knows the names and sizes of stored types.</summary>
public static class StoredTypes
{
    private static readonly Dictionary<string, StoredType> ByName = new(StringComparer.Ordinal)
    {
        ["F32"] = StoredType.F32,
        ["F16"] = StoredType.F16,
        ["BF16"] = StoredType.BF16,
        ["F64"] = StoredType.F64,
        ["C64"] = StoredType.C64,
        ["F8_E4M3"] = StoredType.F8E4M3,
        ["F8_E5M2"] = StoredType.F8E5M2,
        ["F8_E8M0"] = StoredType.F8E8M0,
        ["F6_E2M3"] = StoredType.F6E2M3,
        ["F6_E3M2"] = StoredType.F6E3M2,
        ["F4"] = StoredType.F4,
        ["I64"] = StoredType.I64,
        ["I32"] = StoredType.I32,
        ["I16"] = StoredType.I16,
        ["I8"] = StoredType.I8,
        ["U64"] = StoredType.U64,
        ["U32"] = StoredType.U32,
        ["U16"] = StoredType.U16,
        ["U8"] = StoredType.U8,
        ["BOOL"] = StoredType.Bool,
    };

    /// <summary>Finds the type that a header names.</summary>
    public static bool TryParse(string name, out StoredType type) => ByName.TryGetValue(name, out type);

    /// <summary>Gets the bits of one element.</summary>
    public static int Bits(this StoredType type) => type switch
    {
        StoredType.F64 or StoredType.C64 or StoredType.I64 or StoredType.U64 => 64,
        StoredType.F32 or StoredType.I32 or StoredType.U32 => 32,
        StoredType.F16 or StoredType.BF16 or StoredType.I16 or StoredType.U16 => 16,
        StoredType.F6E2M3 or StoredType.F6E3M2 => 6,
        StoredType.F4 => 4,
        _ => 8,
    };

    /// <summary>Tells whether a decoder can use weights of this type.</summary>
    public static bool IsWeightType(this StoredType type) => type is StoredType.F32 or StoredType.F16 or StoredType.BF16;
}
