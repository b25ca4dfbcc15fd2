using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Terraform;

/// <summary>Holds what Terraform itself does not look at.</summary>
public sealed partial class SourceTests
{
    private static readonly (string Name, string Text)[] Files =
        [.. Directory.GetFiles(RepositoryFiles.At("terraform"), "*.tf", SearchOption.AllDirectories).Select(file => (Path.GetRelativePath(RepositoryFiles.At("terraform"), file), File.ReadAllText(file)))];

    [Fact]
    public void Stack_takes_the_settings_that_its_design_knows()
    {
        Assert.Equal(Settings("modules/design/variables.tf"), Settings("variables.tf"));
        Assert.True(Settings("variables.tf").Length > 40);

        // Terraform drops settings that a type does not name, without a word: a name in one of the two only would be such a setting.
        static string[] Settings(string file) =>
            [.. from Match variable in Variable().Matches(Files.Single(f => f.Name == file).Text)
                from Match setting in Setting().Matches(variable.Value)
                let name = $"{variable.Groups["name"].Value}.{setting.Groups["name"].Value}: {setting.Groups["type"].Value}"
                where !name.StartsWith("image.", StringComparison.Ordinal)
                select name];
    }

    [Fact]
    public void Variable_and_output_is_described()
    {
        var bare = from file in Files
                   from Match block in Declaration().Matches(file.Text)
                   where !block.Value.Contains("description", StringComparison.Ordinal)
                   select $"{file.Name}: {block.Groups["name"].Value}";

        Assert.Empty(bare);
    }

    [Fact]
    public void Security_rule_that_is_not_met_says_why()
    {
        var skips = Files.SelectMany(file => Skip().Matches(file.Text)).ToList();

        Assert.True(skips.Count > 15);
        Assert.All(skips, skip => Assert.Matches(@"^CKV2?_AZURE_\d+:.{30,}\.$", skip.Groups["rule"].Value));
    }

    [Fact]
    public void Module_brings_no_provider_of_its_own() =>
        Assert.DoesNotContain(Files, file => !file.Name.StartsWith("examples", StringComparison.Ordinal) && file.Text.Contains("\nprovider \"", StringComparison.Ordinal));

    [Fact]
    public void Secret_is_nowhere_asked_for_or_put_out() =>
        Assert.DoesNotContain(Files, file => SecretAttribute().IsMatch(file.Text));

    [GeneratedRegex(@"^variable ""(?<name>\w+)"" \{\n.*?^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^ {4}(?<name>\w+) += optional\((?<type>\w+(?:\([^)]*\))?)", RegexOptions.Multiline)]
    private static partial Regex Setting();

    [GeneratedRegex(@"^(?<kind>variable|output) ""(?<name>\w+)"" \{\n.*?^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"#checkov:skip=(?<rule>.*)")]
    private static partial Regex Skip();

    [GeneratedRegex(@"primary_access_key|primary_connection_string|kube_config|kube_admin_config|admin_password|client_secret|default_primary_key")]
    private static partial Regex SecretAttribute();
}
