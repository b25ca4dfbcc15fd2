using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Terraform.Schema;

/// <summary>Serves the schema of the azurerm provider for the resources that the stack uses.</summary>
public sealed partial class AzurermProvider : IAsyncLifetime
{
    private SchemaProvider? _server;

    /// <summary>Gets what Terraform attaches to; the test is skipped where the schema cannot be had.</summary>
    internal async Task<string> ReattachAsync()
    {
        string package = await NpmFolder.InstallAsync("provider-schema", RepositoryFiles.At("tests/MixAttention.Deployment.Tests/Terraform/Schema/Package"));
        string classes = Path.Combine(package, "node_modules/@cdktf/provider-azurerm/lib");
        _server ??= await SchemaProvider.StartAsync("registry.terraform.io/hashicorp/azurerm", ProtocolWriter.Response(
            ProviderSchema.ReadProvider(ClassFile("provider")),
            Used("resource").ToDictionary(name => name, name => ProviderSchema.Read(ClassFile(name["azurerm_".Length..]))),
            Used("data").ToDictionary(name => name, name => ProviderSchema.Read(ClassFile("data-" + name)))));
        return _server.Reattach;

        string ClassFile(string name) => Path.Combine(classes, name.Replace('_', '-'), "index.js");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static IEnumerable<string> Used(string kind) =>
        Directory.GetFiles(RepositoryFiles.At("terraform"), "*.tf", SearchOption.AllDirectories)
            .SelectMany(file => Use().Matches(File.ReadAllText(file)))
            .Where(use => use.Groups["kind"].Value == kind)
            .Select(use => use.Groups["type"].Value)
            .Distinct();

    [GeneratedRegex(@"^(?<kind>resource|data) ""(?<type>azurerm_\w+)""", RegexOptions.Multiline)]
    private static partial Regex Use();
}
