using System.Runtime.InteropServices;
using System.Text.Json;
using MixAttention.Tests;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>One prompt of a golden case: ids, the logits a correct decoder gives at some positions, and its greedy continuation.</summary>
internal sealed record GoldenPrompt(int[] Ids, int[] Positions, float[][] Logits, double LogitsStd, int[] GreedyIds, double[] GreedyGaps);

/// <summary>Reads golden.json and its logit files.</summary>
internal sealed class GoldenCase
{
    private readonly JsonDocument _json;

    private GoldenCase(string name)
    {
        Folder = GoldenFolder.Of(name);
        _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "golden.json")));
        Prompts = [.. _json.RootElement.GetProperty("prompts").EnumerateArray().Select(ReadPrompt)];
    }

    public string Folder { get; }

    public IReadOnlyList<GoldenPrompt> Prompts { get; }

    public static GoldenCase Open(string name) => new(name);

    public double? Tolerance(string key) => _json.RootElement.GetProperty("tolerance").TryGetProperty(key, out var value) ? value.GetDouble() : null;

    private GoldenPrompt ReadPrompt(JsonElement prompt)
    {
        int[] ids = Ints(prompt.GetProperty("ids"));
        var positions = prompt.GetProperty("positions");
        int[] at = positions.ValueKind == JsonValueKind.String ? [.. Enumerable.Range(0, ids.Length)] : Ints(positions);
        var floats = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(Folder, prompt.GetProperty("logits_file").GetString()!))).ToArray();
        return new GoldenPrompt(
            ids,
            at,
            [.. floats.Chunk(floats.Length / at.Length)],
            prompt.GetProperty("logits_std").GetDouble(),
            Ints(prompt.GetProperty("greedy_ids")),
            [.. prompt.GetProperty("greedy_top2_gap").EnumerateArray().Select(e => e.GetDouble())]);
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
