using System.Security.Cryptography;

namespace MixAttention.Deployment.Tests.Support;

/// <summary>Packages of npm that tests need: installed once, as a lock file says, into a cache outside the repository.</summary>
internal static class NpmFolder
{
    private static readonly Dictionary<string, string?> Nothing = [];

    /// <summary>Installs the packages of a folder with package.json and package-lock.json.</summary>
    /// <param name="name">What the cached folder is called.</param>
    /// <param name="source">The folder.</param>
    /// <returns>Where node_modules is; the test is skipped where npm is not installed or has no registry.</returns>
    public static async Task<string> InstallAsync(string name, string source)
    {
        string version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(source, "package-lock.json"), TestContext.Current.CancellationToken)))[..12];
        string root = Path.Combine(CacheFolder(), $"{name}-{version}");
        if (Directory.Exists(root))
            return root;
        // Beside its place, so that moving it there is one step even while another process does the same.
        string staging = $"{root}.{Path.GetRandomFileName()}";
        RepositoryFiles.Copy(source, staging);
        var install = await ProgramRun.TryAsync(staging, Nothing, "npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund");
        Assert.SkipWhen(install is null, "npm is not installed.");
        Assert.SkipWhen(install.ExitCode != 0 && install.Text.Contains("network", StringComparison.OrdinalIgnoreCase), $"npm reaches no registry for {name}: {install.Text}");
        Assert.True(install.ExitCode == 0, install.Text);
        try
        {
            Directory.Move(staging, root);
        }
        catch (IOException) when (Directory.Exists(root))
        {
            Directory.Delete(staging, recursive: true);
        }

        return root;
    }

    private static string CacheFolder()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set
            : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache")
            : Path.GetTempPath();
        return Directory.CreateDirectory(Path.Combine(cache, "mixattention-tests")).FullName;
    }
}
