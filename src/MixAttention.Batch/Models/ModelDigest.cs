using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Models;

/// <summary>Digests everything in a model folder that decides what it answers: configuration, weights, tokenizer and chat template.</summary>
public static class ModelDigest
{
    private static readonly string[] Configurations =
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json"];

    /// <summary>Reads all files once; about a second per gigabyte.</summary>
    /// <returns>SHA-256, hexadecimal, of the files' names and digests.</returns>
    public static async Task<string> ComputeAsync(ModelFacts model, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        var lines = new StringBuilder();
        foreach (string file in Configurations.Concat(model.WeightFiles).Where(f => File.Exists(Path.Combine(model.Folder, f))))
        {
            var stream = new FileStream(Path.Combine(model.Folder, file), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await using (stream.ConfigureAwait(false))
                lines.Append(Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false))).Append(' ').Append(file).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString())));
    }
}
