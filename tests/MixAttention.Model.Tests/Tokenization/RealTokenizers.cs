using System.Collections.Concurrent;
using System.IO.Compression;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>Loads each real tokenizer once per run: from the folder that MIXATTENTION_TOKENIZERS names, else from data/tokenizers of MIXATTENTION_SHARED.</summary>
public static class RealTokenizers
{
    private static readonly ConcurrentDictionary<string, Lazy<Tokenizer?>> Loaded = new(StringComparer.Ordinal);

    private static readonly string? Shared = Variable("MIXATTENTION_SHARED") is { } shared ? Path.Combine(shared, "data", "tokenizers") : null;

    /// <summary>Gets the folder of vectors; null when neither variable is set.</summary>
    public static string? Folder { get; } = Variable("MIXATTENTION_TOKENIZERS") ?? Shared;

    /// <summary>Gets a tokenizer by its name, or skips the test where its file is absent.</summary>
    public static Tokenizer Get(string name)
    {
        var tokenizer = Loaded.GetOrAdd(name, n => new Lazy<Tokenizer?>(() => Load(n))).Value;
        if (tokenizer is null)
            Assert.Skip($"{name}.tokenizer.json.gz is not there: set MIXATTENTION_SHARED or MIXATTENTION_TOKENIZERS.");
        return tokenizer;
    }

    private static Tokenizer? Load(string name)
    {
        string? packed = new[] { Folder, Shared }.OfType<string>().Select(f => Path.Combine(f, $"{name}.tokenizer.json.gz")).FirstOrDefault(File.Exists);
        if (packed is null)
            return null;
        using var folder = new TemporaryFolder();
        using (var source = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
        using (var target = File.Create(Path.Combine(folder.Path, "tokenizer.json")))
            source.CopyTo(target);
        return Tokenizer.Load(folder.Path);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
