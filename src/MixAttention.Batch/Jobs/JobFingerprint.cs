using System.Security.Cryptography;
using System.Text.Json;

namespace MixAttention.Batch.Jobs;

/// <summary>Tells whether two manifests ask for the same results, and in what they differ if they don't.</summary>
/// <remarks>Who made the job, when, and when it is given up do not count: they change no result of a request that runs.</remarks>
public static class JobFingerprint
{
    private const string SamplingPrefix = "sampling.";

    /// <summary>Digests what counts.</summary>
    /// <returns>SHA-256, hexadecimal.</returns>
    public static string Of(JobManifest manifest) => Convert.ToHexStringLower(SHA256.HashData(Canonical(manifest)));

    /// <summary>Lists what differs between a job and one that was asked for now, as options with both values.</summary>
    public static IReadOnlyList<string> Differences(JobManifest job, JobManifest asked)
    {
        using JsonDocument before = JsonDocument.Parse(Canonical(job)), now = JsonDocument.Parse(Canonical(asked));
        return [.. Differences("", before.RootElement, now.RootElement).Select(d => $"{OptionOf(d.Field)} was {d.Before.GetRawText()} and is {d.Now.GetRawText()}").Distinct()];
    }

    private static byte[] Canonical(JobManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var counting = manifest with
        {
            JobId = "",
            PlanId = null,
            CreatedAt = default,
            Limits = new JobLimits(),
            Fingerprint = "",
            Sampling = manifest.Sampling with { LogitBias = new SortedDictionary<int, double>(manifest.Sampling.LogitBias.ToDictionary()) },
        };
        return JsonSerializer.SerializeToUtf8Bytes(counting, ContractJson.Default.JobManifest);
    }

    private static IEnumerable<(string Field, JsonElement Before, JsonElement Now)> Differences(string path, JsonElement before, JsonElement now)
    {
        if (before.ValueKind != JsonValueKind.Object || now.ValueKind != JsonValueKind.Object)
            return JsonElement.DeepEquals(before, now) ? [] : [(path, before, now)];
        var names = before.EnumerateObject().Concat(now.EnumerateObject()).Select(p => p.Name).Distinct();
        return names.SelectMany(name => Differences(path.Length == 0 ? name : $"{path}.{name}", Member(before, name), Member(now, name)));
    }

    /// <summary>Names the option of <c>mixbatch run</c> and <c>submit</c> that sets a field.</summary>
    private static string OptionOf(string field) => field switch
    {
        "task.kind" or "task.instructions" => "what is asked (--task, --prompt or --question)",
        "task.context_tokens" => "--summary-context",
        "input.kind" => "INPUT",
        "input.max_document_bytes" => "--max-document-size",
        "input.max_tokens" => "--max-tokens",
        "input.fields.id" => "--id-field",
        "input.fields.text" => "--text-field",
        "model_name" => "the model (--model or --served-model-name)",
        "allows_mixed_numerics" => "--mixed-numerics",
        "sampling.stop_token_ids" => "--stop-token-id",
        "sampling.top_logprobs" => "--logprobs",
        _ when field.StartsWith(SamplingPrefix, StringComparison.Ordinal) => $"--{field[SamplingPrefix.Length..].Replace('_', '-')}",
        _ => field,
    };

    private static JsonElement Member(JsonElement value, string name) => value.TryGetProperty(name, out var member) ? member : Missing;

    private static readonly JsonElement Missing = JsonDocument.Parse("null").RootElement;
}
