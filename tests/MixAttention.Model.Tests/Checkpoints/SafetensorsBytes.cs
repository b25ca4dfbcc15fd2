using System.Buffers.Binary;
using System.Text;

namespace MixAttention.Model.Tests.Checkpoints;

/// <summary>Makes the bytes of safetensors files, right and wrong ones.</summary>
internal static class SafetensorsBytes
{
    /// <summary>Joins a header and data without checking anything.</summary>
    public static byte[] Of(string header, int dataBytes = 0, long? claimedLength = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, claimedLength ?? json.Length);
        json.CopyTo(file, 8);
        for (int i = 8 + json.Length; i < file.Length; i++)
            file[i] = (byte)i;
        return file;
    }

    /// <summary>Makes a valid file of tensors whose data lie in the given order.</summary>
    public static byte[] Valid(params (string Name, string Type, int[] Shape)[] tensors)
    {
        var header = new StringBuilder("{");
        int offset = 0;
        foreach (var (name, type, shape) in tensors)
        {
            int end = offset + (shape.Aggregate(1, (a, b) => a * b) * (type is "F32" or "I32" ? 4 : 2));
            header.Append(offset == 0 ? "" : ",").Append($$"""{{(char)34}}{{name}}":{"dtype":"{{type}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{offset}},{{end}}]}""");
            offset = end;
        }

        return Of(header.Append('}').ToString(), offset);
    }
}
