namespace MixAttention.Model.Checkpoints;

/// <summary>Names what is wrong with a safetensors file; the names are those of the format's reference reader.</summary>
public enum SafetensorsError
{
    /// <summary>The file is shorter than the 8 bytes of the header's length.</summary>
    HeaderTooSmall,

    /// <summary>The header claims to be longer than 100,000,000 bytes.</summary>
    HeaderTooLarge,

    /// <summary>The header claims to reach beyond the end of the file.</summary>
    InvalidHeaderLength,

    /// <summary>The header is not UTF-8.</summary>
    InvalidHeader,

    /// <summary>The header is not the JSON that the format prescribes.</summary>
    InvalidHeaderDeserialization,

    /// <summary>A tensor's range overlaps another's, leaves a hole before it, or ends before it starts.</summary>
    InvalidOffset,

    /// <summary>A tensor's shape and type do not make up its range of bytes.</summary>
    TensorInvalidInfo,

    /// <summary>A tensor's shape overflows 64 bits.</summary>
    ValidationOverflow,

    /// <summary>A tensor of a type below 8 bits does not fill whole bytes.</summary>
    MisalignedSlice,

    /// <summary>The tensors end before or behind the end of the file.</summary>
    MetadataIncompleteBuffer,
}
