namespace MixAttention.Deployment.Tests.Terraform.Schema;

/// <summary>What a block of a resource may hold.</summary>
public sealed record SchemaBlock(IReadOnlyList<SchemaAttribute> Attributes, IReadOnlyList<SchemaNested> Blocks)
{
    /// <summary>Gets the block's type where it is an attribute that the provider computes.</summary>
    public string ObjectType =>
        $"[\"object\",{{{string.Join(',', Attributes.Select(a => $"\"{a.Name}\":{a.Type}").Concat(Blocks.Select(b => $"\"{b.Name}\":[\"list\",{b.Block.ObjectType}]")))}}}]";
}

/// <summary>An attribute.</summary>
/// <param name="Type">Its type as JSON, in Terraform's notation.</param>
public sealed record SchemaAttribute(string Name, string Type, bool IsRequired, bool IsOptional, bool IsComputed);

/// <summary>A block within a block.</summary>
/// <param name="MaxItems">How many there may be; zero for any number.</param>
public sealed record SchemaNested(string Name, SchemaBlock Block, SchemaNesting Nesting, int MinItems, int MaxItems);

/// <summary>How blocks of one name form a value; the numbers are the plugin protocol's.</summary>
public enum SchemaNesting
{
    Single = 1,
    List = 2,
    Set = 3,
}
