using System.Diagnostics;

namespace MixAttention.Architecture.Tests;

/// <summary>Lists the repository's own files: what git tracks, or would.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Gets all files as paths relative to the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = ListFiles();

    /// <summary>Gets the absolute paths of all C# files.</summary>
    public static IEnumerable<string> SourceFiles => Files.Where(f => f.EndsWith(".cs", StringComparison.Ordinal)).Select(f => Path.Combine(Root, f));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MixAttention.Batch.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds MixAttention.Batch.sln. Run the tests from a clone of the repository.");
    }

    private static string[] ListFiles()
    {
        var start = new ProcessStartInfo("git", ["-C", Root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]) { RedirectStandardOutput = true };
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start. Install git and run the tests from a clone.");
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0
            ? [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(f => File.Exists(Path.Combine(Root, f)))]
            : throw new InvalidOperationException($"git ls-files failed with exit code {git.ExitCode} in {Root}. Run the tests from a clone.");
    }
}
