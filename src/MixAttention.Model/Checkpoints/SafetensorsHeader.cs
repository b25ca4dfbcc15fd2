using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace MixAttention.Model.Checkpoints;

/// <summary>Reads and checks the header of a safetensors file: 8 bytes of length, JSON, then the tensors without gap or overlap.</summary>
/// <remarks>Trusts nothing: every number is checked against the file's length before it is used, and memory stays in proportion to the header's bytes.</remarks>
internal static class SafetensorsHeader
{
    /// <summary>Bytes of the header's length in front of the header.</summary>
    internal const int LengthBytes = 8;

    private const ulong MaxHeaderBytes = 100_000_000;

    private const int MaxProblems = 100;

    /// <summary>Reads a file's tensors.</summary>
    /// <param name="file">The file's bytes from the start; of a file longer than 2 GiB at least as many as a span can hold.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    /// <param name="fileName">Its name, for messages and entries.</param>
    /// <param name="problems">Receives what is wrong; when it receives anything, the result is not to be used.</param>
    internal static IReadOnlyList<TensorEntry> Read(ReadOnlySpan<byte> file, long fileLength, string fileName, List<CheckpointProblem> problems)
    {
        void Problem(SafetensorsError error, string message) => problems.Add(new($"{fileName}: {message}", error));

        if (fileLength < LengthBytes)
        {
            Problem(SafetensorsError.HeaderTooSmall, $"the file has {fileLength} bytes, but a safetensors file begins with {LengthBytes} bytes of length. Copy or download it again.");
            return [];
        }

        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (headerBytes > MaxHeaderBytes)
        {
            Problem(SafetensorsError.HeaderTooLarge, $"the header claims {headerBytes} bytes; at most {MaxHeaderBytes} are allowed. The file is damaged or no safetensors file: download it again.");
            return [];
        }

        if ((long)headerBytes > fileLength - LengthBytes)
        {
            Problem(SafetensorsError.InvalidHeaderLength, $"the header claims {headerBytes} bytes, but only {fileLength - LengthBytes} follow. The file is cut off: copy or download it again.");
            return [];
        }

        var header = file.Slice(LengthBytes, (int)headerBytes);
        if (!Utf8.IsValid(header))
        {
            Problem(SafetensorsError.InvalidHeader, "the header is not UTF-8. The file is damaged or no safetensors file: download it again.");
            return [];
        }

        List<DeclaredTensor> declared;
        try
        {
            declared = SafetensorsHeaderJson.Parse(header);
        }
        // Utf8JsonReader throws InvalidOperationException for an escaped lone surrogate.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Problem(SafetensorsError.InvalidHeaderDeserialization, $"the header is not valid: {e.Message} The file is damaged: download it again.");
            return [];
        }

        return Place(declared, fileName, LengthBytes + (long)headerBytes, fileLength, Problem);
    }

    /// <summary>Checks that the tensors, sorted by offset, fill the bytes behind the header exactly.</summary>
    private static List<TensorEntry> Place(List<DeclaredTensor> declared, string fileName, long dataStart, long fileLength, Action<SafetensorsError, string> problem)
    {
        ulong available = (ulong)(fileLength - dataStart);
        ulong expectedStart = 0;
        int wrong = 0;
        var entries = new List<TensorEntry>(declared.Count);
        foreach (var tensor in declared.OrderBy(t => t.Start).ThenBy(t => t.End))
        {
            if (Check(tensor, expectedStart) is var (error, message))
            {
                problem(error, message);
                if (++wrong == MaxProblems)
                    return [];
            }
            else if (tensor.End <= available)
            {
                entries.Add(new(tensor.Name, tensor.Type, [.. tensor.Shape.Select(size => (long)size)], fileName, dataStart + (long)tensor.Start, (long)(tensor.End - tensor.Start)));
            }

            expectedStart = Math.Max(expectedStart, tensor.End);
        }

        if (expectedStart != available)
            problem(SafetensorsError.MetadataIncompleteBuffer, $"its tensors end at byte {expectedStart} of the data, but it has {available} bytes of data. The file is cut off or has bytes appended: copy or download it again.");
        return entries;
    }

    private static (SafetensorsError Error, string Message)? Check(DeclaredTensor tensor, ulong expectedStart)
    {
        if (tensor.Start != expectedStart || tensor.End < tensor.Start)
            return (SafetensorsError.InvalidOffset, $"{Describe(tensor)}; it must start at {expectedStart}, where the tensor before it ends, and not end before it starts. Save the checkpoint again.");
        if (!TryCountBits(tensor, out ulong bits))
            return (SafetensorsError.ValidationOverflow, $"{Describe(tensor)}; the size of its shape overflows 64 bits. Save the checkpoint again.");
        if (bits % 8 != 0)
            return (SafetensorsError.MisalignedSlice, $"{Describe(tensor)}; that is {bits} bits, no whole number of bytes. Save it in a type of 8 bits or more.");
        if (bits / 8 != tensor.End - tensor.Start)
            return (SafetensorsError.TensorInvalidInfo, $"{Describe(tensor)}; its shape takes {bits / 8} bytes, not {tensor.End - tensor.Start}. Save the checkpoint again.");
        return null;
    }

    private static string Describe(DeclaredTensor tensor) =>
        $"tensor {SafetensorsHeaderJson.Shown(tensor.Name)} is {tensor.Type} [{SafetensorsHeaderJson.Shown(string.Join(", ", tensor.Shape))}] at bytes {tensor.Start} to {tensor.End}";

    /// <summary>Multiplies the sizes in order, as the reference reader does; false when a size or a product overflows.</summary>
    private static bool TryCountBits(DeclaredTensor tensor, out ulong bits)
    {
        UInt128 product = 1;
        bits = 0;
        foreach (ulong size in tensor.Shape)
        {
            product *= size;
            if (product > ulong.MaxValue || size > long.MaxValue)
                return false;
        }

        product *= (uint)tensor.Type.Bits();
        if (product > ulong.MaxValue)
            return false;
        bits = (ulong)product;
        return true;
    }
}
