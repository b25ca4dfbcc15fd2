using MixAttention.Deployment.Tests.Terraform.Schema;

namespace MixAttention.Deployment.Tests.Terraform;

/// <summary>Checks the stack against the schema of the azurerm provider, and runs its tests with a mock of it.</summary>
/// <remarks>
/// Names, types, required attributes and blocks are the provider's own. What the provider checks by code of its own (forms of values, attributes that exclude each other) is not
/// seen here, and nothing is seen of Azure.
/// </remarks>
public sealed class StackTests(AzurermProvider provider) : IClassFixture<AzurermProvider>
{
    [Theory]
    [InlineData("")]
    [InlineData("examples/default")]
    [InlineData("examples/private")]
    public async Task Configuration_fits_the_schema(string folder)
    {
        using var terraform = await TerraformFolder.CopyAsync(await provider.ReattachAsync());

        var run = await terraform.ValidateAsync(folder);

        Assert.True(run.ExitCode == 0, run.Text);
    }

    [Fact]
    public async Task Stack_passes_its_own_tests()
    {
        using var terraform = await TerraformFolder.CopyAsync(await provider.ReattachAsync());

        var run = await terraform.TestAsync("");

        Assert.True(run.ExitCode == 0, run.Text);
        Assert.Matches(@"Success! [1-9]\d* passed, 0 failed", run.Output);
    }

    [Theory]
    [InlineData("main.queue.tf", "local_auth_enabled ", "local_authentication ", "not expected here")]
    [InlineData("main.queue.tf", "namespace_id =", "# namespace_id =", "namespace_id\" is required")]
    [InlineData("main.storage.tf", "default_action             = \"Deny\"", "default = \"Deny\"", "not expected here")]
    [InlineData("main.cluster.tf", "workload_autoscaler_profile {", "workload_autoscaler {", "not expected here")]
    [InlineData("main.cluster.tf", "min_count            = 0", "min_count            = \"none\"", "a number is required")]
    [InlineData("main.identities.tf", ".oidc_issuer_url", ".issuer_url", "has no argument, nested block, or exported attribute")]
    public async Task Mistake_does_not_fit_the_schema(string file, string from, string to, string error)
    {
        using var terraform = await TerraformFolder.CopyAsync(await provider.ReattachAsync());
        terraform.Replace(file, from, to);

        var run = await terraform.ValidateAsync("");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(error, run.Errors.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("main.storage.tf", "shared_access_key_enabled         = false", "shared_access_key_enabled = true", "nothing_is_opened_by_a_key")]
    [InlineData("main.queue.tf", "requires_duplicate_detection            = true", "requires_duplicate_detection = false", "queue_keeps_what_evicted_workers_held")]
    [InlineData("main.cluster.tf", "min_count            = 0", "min_count            = 1", "gpu_pool_begins_empty_on_spot_nodes")]
    [InlineData("main.identities.tf", "jobs_container   = azurerm_storage_container.this[\"jobs\"].id", "jobs_container = azurerm_storage_account.this.id", "roles_reach_queue_and_containers_only")]
    public async Task Open_door_fails_a_test_of_the_stack(string file, string from, string to, string test)
    {
        using var terraform = await TerraformFolder.CopyAsync(await provider.ReattachAsync());
        terraform.Replace(file, from, to);

        var run = await terraform.TestAsync("");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"run \"{test}\"... fail", run.Output, StringComparison.Ordinal);
    }
}
