using System.Text.Json;
using System.Text.Json.Nodes;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Writes a SentencePiece BPE vocabulary with scores as a tokenizer.json: the better a piece's score, the earlier its merges.</summary>
internal static class SentencePieceTokenizer
{
    public static string ToTokenizerJson(string vocabularyFile)
    {
        var source = JsonNode.Parse(File.ReadAllText(vocabularyFile))!;
        string[] pieces = [.. source["tokens"]!.AsArray().Select(t => t!.GetValue<string>())];
        double[] scores = [.. source["scores"]!.AsArray().Select(s => s!.GetValue<double>())];
        var ids = pieces.Select((piece, id) => (piece, id)).ToDictionary(p => p.piece, p => p.id, StringComparer.Ordinal);
        var merges = ids.Keys
            .SelectMany(piece => Enumerable.Range(1, piece.Length - 1).Select(at => (Left: piece[..at], Right: piece[at..])))
            .Where(m => ids.ContainsKey(m.Left) && ids.ContainsKey(m.Right))
            .OrderByDescending(m => scores[ids[m.Left + m.Right]]);
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. pieces.Take(3).Select((piece, id) => Special(id, piece))]),
            ["normalizer"] = Sequence("normalizers", new { type = "Prepend", prepend = "▁" }, new { type = "Replace", pattern = new { String = " " }, content = "▁" }),
            ["decoder"] = Sequence(
                "decoders", new { type = "Replace", pattern = new { String = "▁" }, content = " " }, new { type = "ByteFallback" }, new { type = "Fuse" }, new { type = "Strip", content = " ", start = 1, stop = 0 }),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = pieces[0],
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = JsonSerializer.SerializeToNode(ids),
                ["merges"] = new JsonArray([.. merges.Select(m => new JsonArray(m.Left, m.Right))]),
            },
        }.ToJsonString();
    }

    private static JsonNode Special(int id, string content) =>
        JsonSerializer.SerializeToNode(new { id, content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true })!;

    private static JsonObject Sequence(string name, params object[] parts) => new() { ["type"] = "Sequence", [name] = JsonSerializer.SerializeToNode(parts) };
}
