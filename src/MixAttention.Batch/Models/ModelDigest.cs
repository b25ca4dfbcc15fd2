using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Models;

/// <summary>Digests everything in a model folder that decides what it answers, and the parts that a person may have changed alone.</summary>
/// <param name="Model">Configuration, weights, tokenizer and chat template.</param>
/// <param name="Tokenizer">The tokenizer's files.</param>
/// <param name="Template">The files that may hold a chat template.</param>
public sealed record ModelDigest(string Model, string Tokenizer, string Template)
{
    private static readonly string[] Templates = ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"];
    private static readonly string[] Tokenizers = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
    private static readonly string[] Configurations = ["config.json", "generation_config.json", .. Tokenizers, "chat_template.jinja", "chat_template.json"];

    /// <summary>Reads all files once; about a second per gigabyte.</summary>
    public static async Task<ModelDigest> ComputeAsync(ModelFacts model, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        var lines = new List<(string File, string Line)>();
        foreach (string file in Configurations.Concat(model.WeightFiles).Where(f => File.Exists(Path.Combine(model.Folder, f))))
        {
            var stream = new FileStream(Path.Combine(model.Folder, file), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await using (stream.ConfigureAwait(false))
                lines.Add((file, $"{Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false))} {file}\n"));
        }

        string Digest(Func<string, bool> takes) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines.Where(l => takes(l.File)).Select(l => l.Line)))));
        return new ModelDigest(Digest(_ => true), Digest(Tokenizers.Contains), Digest(Templates.Contains));
    }
}
