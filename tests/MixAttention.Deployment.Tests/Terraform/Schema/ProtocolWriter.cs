using System.Text;

namespace MixAttention.Deployment.Tests.Terraform.Schema;

/// <summary>Writes the few messages of Terraform's plugin protocol 5 that describe a schema.</summary>
/// <remarks>Field numbers are those of tfplugin5.proto.</remarks>
internal static class ProtocolWriter
{
    /// <summary>Writes a GetProviderSchema.Response.</summary>
    public static byte[] Response(SchemaBlock provider, IReadOnlyDictionary<string, SchemaBlock> resources, IReadOnlyDictionary<string, SchemaBlock> dataSources)
    {
        var message = new MemoryStream();
        Bytes(message, 1, Schema(provider));
        Map(message, 2, resources);
        Map(message, 3, dataSources);
        return message.ToArray();
    }

    private static void Map(MemoryStream message, int field, IReadOnlyDictionary<string, SchemaBlock> schemas)
    {
        foreach (var (name, block) in schemas)
        {
            var entry = new MemoryStream();
            Text(entry, 1, name);
            Bytes(entry, 2, Schema(block));
            Bytes(message, field, entry.ToArray());
        }
    }

    private static byte[] Schema(SchemaBlock block)
    {
        var schema = new MemoryStream();
        Bytes(schema, 2, Block(block));
        return schema.ToArray();
    }

    private static byte[] Block(SchemaBlock block)
    {
        var message = new MemoryStream();
        foreach (var attribute in block.Attributes)
            Bytes(message, 2, Attribute(attribute));
        foreach (var nested in block.Blocks)
            Bytes(message, 3, Nested(nested));
        return message.ToArray();
    }

    private static byte[] Attribute(SchemaAttribute attribute)
    {
        var message = new MemoryStream();
        Text(message, 1, attribute.Name);
        Text(message, 2, attribute.Type);
        Number(message, 4, attribute.IsRequired ? 1 : 0);
        Number(message, 5, attribute.IsOptional ? 1 : 0);
        Number(message, 6, attribute.IsComputed ? 1 : 0);
        return message.ToArray();
    }

    private static byte[] Nested(SchemaNested nested)
    {
        var message = new MemoryStream();
        Text(message, 1, nested.Name);
        Bytes(message, 2, Block(nested.Block));
        Number(message, 3, (int)nested.Nesting);
        Number(message, 4, nested.Nesting == SchemaNesting.Single ? 0 : nested.MinItems);
        Number(message, 5, nested.Nesting == SchemaNesting.Single ? 0 : nested.MaxItems);
        return message.ToArray();
    }

    private static void Text(MemoryStream message, int field, string text) => Bytes(message, field, Encoding.UTF8.GetBytes(text));

    private static void Bytes(MemoryStream message, int field, ReadOnlySpan<byte> bytes)
    {
        Variable(message, (uint)((field << 3) | 2));
        Variable(message, (uint)bytes.Length);
        message.Write(bytes);
    }

    private static void Number(MemoryStream message, int field, int value)
    {
        if (value == 0)
            return;
        Variable(message, (uint)(field << 3));
        Variable(message, (uint)value);
    }

    private static void Variable(MemoryStream message, uint value)
    {
        for (; value > 0x7f; value >>= 7)
            message.WriteByte((byte)(value | 0x80));
        message.WriteByte((byte)value);
    }
}
