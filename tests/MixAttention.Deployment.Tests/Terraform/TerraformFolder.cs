using System.Text.Json;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Terraform;

/// <summary>A copy of the Terraform folder in which Terraform runs, so that it leaves nothing in the repository.</summary>
internal sealed class TerraformFolder : IDisposable
{
    private static readonly Version Oldest = new(1, 11);

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _environment;

    private TerraformFolder(string? reattach)
    {
        RepositoryFiles.Copy(RepositoryFiles.At("terraform"), _folder["terraform"]);
        // Nothing of the machine's own settings, and no question to anybody outside.
        _environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("TF_", StringComparison.Ordinal)).ToDictionary(name => name, _ => (string?)null);
        _environment["TF_CLI_CONFIG_FILE"] = _folder.Write("terraform.rc", "");
        _environment["TF_IN_AUTOMATION"] = "1";
        _environment["CHECKPOINT_DISABLE"] = "1";
        _environment["TF_REATTACH_PROVIDERS"] = reattach;
    }

    /// <summary>Gets the absolute path of a file or folder of the copy.</summary>
    public string this[string relativePath] => _folder[Path.Combine("terraform", relativePath)];

    /// <summary>Makes a copy; the test is skipped where Terraform is not installed or too old.</summary>
    /// <param name="reattach">The provider that Terraform attaches to; null where the part under test needs none.</param>
    public static async Task<TerraformFolder> CopyAsync(string? reattach = null)
    {
        var folder = new TerraformFolder(reattach);
        var run = await ProgramRun.TryAsync(folder[""], folder._environment, "terraform", "version", "-json");
        if (run is null)
        {
            folder.Dispose();
            Assert.Skip("terraform is not installed.");
        }

        using var version = JsonDocument.Parse(run.Output);
        string installed = version.RootElement.GetProperty("terraform_version").GetString()!;
        if (Version.Parse(installed.Split('-')[0]) < Oldest)
        {
            folder.Dispose();
            Assert.Skip($"terraform {installed} is older than {Oldest}.");
        }

        return folder;
    }

    /// <summary>Replaces a text that stands once in a file of the copy.</summary>
    public void Replace(string file, string from, string to)
    {
        string text = File.ReadAllText(this[file]);
        Assert.Equal(2, text.Split(from).Length);
        File.WriteAllText(this[file], text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>Runs a command of Terraform in a folder of the copy.</summary>
    public async Task<ProgramRun> RunAsync(string folder, params string[] arguments) =>
        await ProgramRun.TryAsync(this[folder], _environment, "terraform", [.. arguments, "-no-color"]) ?? throw new InvalidOperationException("terraform was there and is gone.");

    /// <summary>Prepares a folder of the copy and runs its tests.</summary>
    public async Task<ProgramRun> TestAsync(string folder)
    {
        await InitializeAsync(folder);
        return await RunAsync(folder, "test");
    }

    /// <summary>Prepares a folder of the copy and checks what stands there against the schema.</summary>
    public async Task<ProgramRun> ValidateAsync(string folder)
    {
        await InitializeAsync(folder);
        return await RunAsync(folder, "validate");
    }

    /// <summary>Prepares a folder of the copy that needs no provider, and applies it.</summary>
    public async Task<ProgramRun> ApplyAsync(string folder)
    {
        await InitializeAsync(folder);
        return await RunAsync(folder, "apply", "-auto-approve", "-input=false");
    }

    public void Dispose() => _folder.Dispose();

    private async Task InitializeAsync(string folder)
    {
        var run = await RunAsync(folder, "init", "-backend=false", "-input=false");
        Assert.True(run.ExitCode == 0, run.Text);
    }
}
