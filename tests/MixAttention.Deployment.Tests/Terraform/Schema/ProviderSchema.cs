using System.Text.RegularExpressions;

namespace MixAttention.Deployment.Tests.Terraform.Schema;

/// <summary>The schema of resources and data sources of a Terraform provider, as Terraform's plugin protocol carries it.</summary>
/// <remarks>
/// Read from the JavaScript classes that CDKTF generates from the provider's own schema: a comment says of every attribute and block whether it is computed, optional or
/// required, and the accessor behind it names the type. Types of attributes that are objects or lists of objects are blocks here.
/// </remarks>
public sealed partial class ProviderSchema
{
    private readonly Dictionary<string, SchemaBlock> _blocks = [];

    private ProviderSchema()
    {
    }

    /// <summary>Reads what one class file says of a resource or data source.</summary>
    public static SchemaBlock Read(string classFile)
    {
        var schema = new ProviderSchema();
        string root = "";
        foreach (Match type in Class().Matches(File.ReadAllText(classFile)))
        {
            if (type.Groups["base"].Value is "ComplexObject" or "TerraformResource" or "TerraformDataSource" or "TerraformProvider")
                schema._blocks[root = type.Groups["name"].Value] = schema.ReadBlock(type.Groups["body"].Value);
        }

        return schema._blocks[root];
    }

    /// <summary>Reads what the class file of the provider says of its own block, which is less: everything may be left out, and what stands in blocks is not known.</summary>
    public static SchemaBlock ReadProvider(string classFile)
    {
        var arguments = Argument().Matches(File.ReadAllText(classFile)).Where(m => m.Groups["name"].Value != "alias").ToLookup(m => m.Groups["block"].Success);
        return new SchemaBlock(
            [.. arguments[false].Select(m => new SchemaAttribute(m.Groups["name"].Value, m.Groups["list"].Success ? "[\"list\",\"string\"]" : m.Groups["type"].Value == "boolean" ? "\"bool\"" : "\"string\"", false, true, false))],
            [.. arguments[true].Select(m => new SchemaNested(m.Groups["name"].Value, new SchemaBlock([], []), SchemaNesting.List, 0, 1))]);
    }

    private SchemaBlock ReadBlock(string body)
    {
        var flagsOf = Flags().Matches(body).ToDictionary(m => m.Groups["name"].Value);
        var attributes = new List<SchemaAttribute>();
        var blocks = new List<SchemaNested>();
        foreach (Match match in Accessor().Matches(body))
        {
            // What can be set has a setter; what can be left out can be reset.
            string name = match.Groups["name"].Value, property = match.Groups["property"].Value;
            bool isSettable = body.Contains($" set {property}(", StringComparison.Ordinal);
            bool isOptional = body.Contains($" reset{char.ToUpperInvariant(property[0])}{property[1..]}(", StringComparison.Ordinal);
            attributes.Add(new SchemaAttribute(name, TypeOf(match), isSettable && !isOptional, isOptional, !isSettable || (name == "id" && isOptional)));
        }

        foreach (Match match in Nested().Matches(body))
        {
            string name = match.Groups["name"].Value;
            bool isMany = match.Groups["kind"].Value == "List", isSet = match.Groups["set"].Value == "true";
            var flags = flagsOf[name];
            var block = _blocks[match.Groups["type"].Value + "OutputReference"];
            if (flags.Groups["optional"].Value == "false" && flags.Groups["required"].Value == "false")
                attributes.Add(new SchemaAttribute(name, $"[\"list\",{block.ObjectType}]", false, false, true));
            else
                blocks.Add(new SchemaNested(name, block, name == "timeouts" ? SchemaNesting.Single : isSet ? SchemaNesting.Set : SchemaNesting.List, flags.Groups["required"].Value == "true" ? 1 : 0, isMany ? 0 : 1));
        }

        return new SchemaBlock([.. attributes.DistinctBy(a => a.Name)], [.. blocks.DistinctBy(b => b.Name)]);
    }

    private static string TypeOf(Match accessor) => (accessor.Groups["set"].Success, accessor.Groups["type"].Value) switch
    {
        (_, "String") => "\"string\"",
        (_, "Number") => "\"number\"",
        (_, "Boolean") => "\"bool\"",
        (_, "StringMap") => "[\"map\",\"string\"]",
        (_, "NumberMap") => "[\"map\",\"number\"]",
        (_, "BooleanMap") => "[\"map\",\"bool\"]",
        (true, "List") => "[\"set\",\"string\"]",
        (false, "List") => "[\"list\",\"string\"]",
        (true, "NumberList") => "[\"set\",\"number\"]",
        (false, "NumberList") => "[\"list\",\"number\"]",
        var (_, other) => throw new InvalidOperationException($"No type is known for get{other}Attribute. Look into the class file and add it."),
    };

    [GeneratedRegex(@"^class (?<name>\w+) extends cdktf\.(?<base>\w+) \{\n(?<body>.*?)^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Class();

    [GeneratedRegex(@"// (?<name>\w+) - computed: (?<computed>true|false), optional: (?<optional>true|false), required: (?<required>true|false)")]
    private static partial Regex Flags();

    [GeneratedRegex(@"get (?<property>\w+)\(\) \{\s+return (?<set>cdktf\.Fn\.tolist\()?(?:cdktf\.Token\.as\w+\()*this\.get(?<type>\w+)Attribute\('(?<name>\w+)'\)")]
    private static partial Regex Accessor();

    [GeneratedRegex(@"^ {12}(?<name>\w+): (?<list>cdktf\.listMapper\()?(?:cdktf\.(?<type>string|boolean)ToTerraform|(?<block>azurermProvider\w+ToTerraform), true).*\(this\.", RegexOptions.Multiline)]
    private static partial Regex Argument();

    [GeneratedRegex(@"= new (?<type>\w+?)(?<kind>List|OutputReference|Map)\(this, ""(?<name>\w+)""(?:, (?<set>true|false))?\)")]
    private static partial Regex Nested();
}
