namespace MixAttention.Deployment.Tests.Terraform;

/// <summary>Runs the tests of the modules that need no provider.</summary>
public sealed class ModuleTests
{
    [Theory]
    [InlineData("modules/design")]
    [InlineData("modules/helm_values")]
    public async Task Module_passes_its_own_tests(string module)
    {
        using var terraform = await TerraformFolder.CopyAsync();

        var run = await terraform.TestAsync(module);

        Assert.True(run.ExitCode == 0, run.Text);
        Assert.Matches(@"Success! [1-9]\d* passed, 0 failed", run.Output);
    }

    [Theory]
    [InlineData("roles.tf", "role = \"Storage Blob Data Reader\"", "role = \"Storage Blob Data Contributor\"", "worker_only_reads_models_and_deletes_checkpoints_only")]
    [InlineData("rules.tf", "var.worker.drain_seconds + 10", "var.worker.drain_seconds", "grace_must_exceed_the_drain")]
    [InlineData("names.tf", "\"st${var.name}${local.suffix}\"", "\"st-${var.name}-${local.suffix}\"", "names_keep_to_what_azure_allows")]
    public async Task Weaker_design_fails_a_test_of_its_module(string file, string from, string to, string test)
    {
        using var terraform = await TerraformFolder.CopyAsync();
        terraform.Replace($"modules/design/{file}", from, to);

        var run = await terraform.TestAsync("modules/design");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"run \"{test}\"... fail", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_formatted()
    {
        using var terraform = await TerraformFolder.CopyAsync();

        var run = await terraform.RunAsync("", "fmt", "-check", "-recursive", "-diff");

        Assert.True(run.ExitCode == 0, run.Text);
    }
}
