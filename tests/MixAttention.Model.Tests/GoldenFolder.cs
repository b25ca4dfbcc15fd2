using System.Runtime.CompilerServices;

namespace MixAttention.Tests;

/// <summary>Finds the golden checkpoints: beside the tests' sources, or where the environment variable MIXATTENTION_GOLDENS says.</summary>
public static class GoldenFolder
{
    /// <summary>Gets the folder that holds one folder per case.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("MIXATTENTION_GOLDENS") is { Length: > 0 } other ? other : BesideThisFile();

    /// <summary>Gets the names of all cases, sorted.</summary>
    public static IReadOnlyList<string> Cases { get; } =
        [.. Directory.GetDirectories(Root).Where(d => File.Exists(Path.Combine(d, "golden.json"))).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    /// <summary>Gets the folder of one case.</summary>
    public static string Of(string caseName) => Path.Combine(Root, caseName);

    private static string BesideThisFile([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "Goldens");
}
