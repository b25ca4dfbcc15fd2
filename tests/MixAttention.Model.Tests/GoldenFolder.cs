using System.Runtime.CompilerServices;

namespace MixAttention.Tests;

/// <summary>Finds the golden checkpoints: beside the tests' sources, or where the environment variable MIXATTENTION_GOLDENS says.</summary>
public static class GoldenFolder
{
    /// <summary>Gets the folder that holds one folder per case.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("MIXATTENTION_GOLDENS") is { Length: > 0 } other ? other : ShippedRoot();

    /// <summary>Gets the names of all cases, sorted.</summary>
    public static IReadOnlyList<string> Cases { get; } =
        [.. Directory.GetDirectories(Root).Where(d => File.Exists(Path.Combine(d, "golden.json"))).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    /// <summary>Gets the folder of one case; the shipped one when the cases are other people's and have none of that name.</summary>
    public static string Of(string caseName) => Directory.Exists(Path.Combine(Root, caseName)) ? Path.Combine(Root, caseName) : Shipped(caseName);

    /// <summary>Gets the folder of a case beside the tests' sources, for tests that know its numbers.</summary>
    public static string Shipped(string caseName) => Path.Combine(ShippedRoot(), caseName);

    private static string ShippedRoot([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "Goldens");
}
