using System.Runtime.CompilerServices;

namespace MixAttention.Model.Tests;

/// <summary>Finds the demo model: in the command line's project, else in data/demo of MIXATTENTION_SHARED.</summary>
public static class DemoFolder
{
    /// <summary>Gets the folder, or skips the test where there is none.</summary>
    public static string Get()
    {
        string shipped = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src", "MixAttention.Batch.Cli", "Demo"));
        string? shared = Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") is { Length: > 0 } root ? Path.Combine(root, "data", "demo") : null;
        string? folder = new[] { shipped, Path.Combine(shipped, "model"), shared }.OfType<string>().FirstOrDefault(f => File.Exists(Path.Combine(f, "tokenizer.json")));
        if (folder is null)
            Assert.Skip("The demo model is not there: set MIXATTENTION_SHARED.");
        return folder;
    }

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
