using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Digests what a line asks, whatever its id: two lines of equal content have equal digests, however they are spaced, escaped and ordered.</summary>
internal static class LineDigest
{
    /// <summary>Digests a line's object without its id.</summary>
    /// <returns>SHA-256, hexadecimal, of the canonical bytes: objects with their keys in ordinal order, every name and text unescaped behind its length, numbers as written.</returns>
    public static string Of(JsonElement line, string idField)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        WriteObject(bytes, line.EnumerateObject().Where(p => p.Name != idField));
        return Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan));
    }

    private static void Write(ArrayBufferWriter<byte> bytes, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(bytes, value.EnumerateObject());
                break;
            case JsonValueKind.Array:
                bytes.Write("["u8);
                foreach (var item in value.EnumerateArray())
                    Write(bytes, item);
                bytes.Write("]"u8);
                break;
            case JsonValueKind.String:
                var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
                WriteCounted(bytes, "s"u8, raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(value.GetString()!) : raw); // A string has a text.
                break;
            default:
                WriteCounted(bytes, "v"u8, JsonMarshal.GetRawUtf8Value(value)); // number, true, false, null
                break;
        }
    }

    private static void WriteObject(ArrayBufferWriter<byte> bytes, IEnumerable<JsonProperty> properties)
    {
        bytes.Write("{"u8);
        foreach (var property in properties.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            WriteCounted(bytes, "k"u8, Encoding.UTF8.GetBytes(property.Name));
            Write(bytes, property.Value);
        }

        bytes.Write("}"u8);
    }

    /// <summary>Writes a value behind its kind and length, so that none can run into the next.</summary>
    private static void WriteCounted(ArrayBufferWriter<byte> bytes, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> value)
    {
        bytes.Write(kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(sizeof(int)), value.Length);
        bytes.Advance(sizeof(int));
        bytes.Write(value);
    }
}
