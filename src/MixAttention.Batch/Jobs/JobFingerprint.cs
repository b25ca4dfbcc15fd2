using System.Security.Cryptography;
using System.Text.Json;

namespace MixAttention.Batch.Jobs;

/// <summary>Tells whether two manifests ask for the same results, and in what they differ if they don't.</summary>
/// <remarks>Who made the job, when, and when it is given up do not count: they change no result of a request that runs.</remarks>
public static class JobFingerprint
{
    /// <summary>Digests what counts.</summary>
    /// <returns>SHA-256, hexadecimal.</returns>
    public static string Of(JobManifest manifest) => Convert.ToHexStringLower(SHA256.HashData(Canonical(manifest)));

    /// <summary>Lists what differs between a job and one that was asked for now, as names of the manifest's fields with both values.</summary>
    public static IReadOnlyList<string> Differences(JobManifest job, JobManifest asked)
    {
        using JsonDocument before = JsonDocument.Parse(Canonical(job)), now = JsonDocument.Parse(Canonical(asked));
        return [.. Differences("", before.RootElement, now.RootElement)];
    }

    private static byte[] Canonical(JobManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var counting = manifest with
        {
            JobId = "",
            CreatedAt = default,
            Limits = new JobLimits(),
            Fingerprint = "",
            Sampling = manifest.Sampling with { LogitBias = new SortedDictionary<int, double>(manifest.Sampling.LogitBias.ToDictionary()) },
        };
        return JsonSerializer.SerializeToUtf8Bytes(counting, ContractJson.Default.JobManifest);
    }

    private static IEnumerable<string> Differences(string path, JsonElement before, JsonElement now)
    {
        if (before.ValueKind != JsonValueKind.Object || now.ValueKind != JsonValueKind.Object)
            return JsonElement.DeepEquals(before, now) ? [] : [$"{path} was {before.GetRawText()} and is {now.GetRawText()}"];
        var names = before.EnumerateObject().Concat(now.EnumerateObject()).Select(p => p.Name).Distinct();
        return names.SelectMany(name => Differences(path.Length == 0 ? name : $"{path}.{name}", Member(before, name), Member(now, name)));
    }

    private static JsonElement Member(JsonElement value, string name) => value.TryGetProperty(name, out var member) ? member : Missing;

    private static readonly JsonElement Missing = JsonDocument.Parse("null").RootElement;
}
