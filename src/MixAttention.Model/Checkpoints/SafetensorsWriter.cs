using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace MixAttention.Model.Checkpoints;

/// <summary>Writes a safetensors file, tensor by tensor, holding no more than a buffer in memory.</summary>
internal static class SafetensorsWriter
{
    private const int BufferValues = 1 << 16;

    /// <summary>Writes a file; it appears under its name only when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">BF16 (rounded to nearest even) or F32.</param>
    /// <param name="shapes">Names and shapes; written in the order of names.</param>
    /// <param name="source">Gives for a tensor what fills the next values, row by row.</param>
    internal static void Write(string path, StoredType type, IReadOnlyDictionary<string, long[]> shapes, Func<string, long[], Action<Span<float>>> source)
    {
        var tensors = shapes.OrderBy(s => s.Key, StringComparer.Ordinal).ToList();
        string part = path + ".part";
        using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            WriteHeader(stream, type, tensors);
            foreach (var (name, shape) in tensors)
                WriteTensor(stream, type, Count(shape), source(name, shape));
        }

        File.Move(part, path);
    }

    private static void WriteHeader(FileStream stream, StoredType type, List<KeyValuePair<string, long[]>> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long offset = 0;
        foreach (var (name, shape) in tensors)
        {
            long end = offset + (Count(shape) * type.Bits() / 8);
            header[name] = new JsonObject
            {
                ["dtype"] = type.ToString(),
                ["shape"] = new JsonArray([.. shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(offset, end),
            };
            offset = end;
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        int padded = (json.Length + 7) / 8 * 8; // the data is aligned to 8 bytes
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        stream.Write(length);
        stream.Write(json);
        for (int i = json.Length; i < padded; i++)
            stream.WriteByte((byte)' ');
    }

    private static void WriteTensor(FileStream stream, StoredType type, long count, Action<Span<float>> fill)
    {
        float[] values = new float[BufferValues];
        ushort[] rounded = new ushort[BufferValues];
        while (count > 0)
        {
            int here = (int)Math.Min(count, BufferValues);
            fill(values.AsSpan(0, here));
            if (type == StoredType.F32)
            {
                stream.Write(MemoryMarshal.AsBytes(values.AsSpan(0, here)));
            }
            else
            {
                for (int i = 0; i < here; i++)
                    rounded[i] = RoundToBf16(values[i]);
                stream.Write(MemoryMarshal.AsBytes(rounded.AsSpan(0, here)));
            }

            count -= here;
        }
    }

    /// <summary>Rounds a finite number to the nearest bfloat16, to even when two are as near.</summary>
    private static ushort RoundToBf16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
