using System.Text.Json;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Turns a checkpoint's configuration into the description of its decoder.</summary>
public static class DecoderSpecReader
{
    private static readonly Dictionary<string, Func<FamilyInput, DecoderSpec>> Families = new(StringComparer.Ordinal)
    {
        [Mpt.Family] = Mpt.Read,
        [LckvLlama.Family] = LckvLlama.Read,
        [Llama.Family] = Llama.Read,
        [Mistral.Family] = Mistral.Read,
        [Qwen2.Family] = Qwen2.Read,
        [Qwen3.Family] = Qwen3.Read,
        [Gemma3.Family] = Gemma3.Read,
        [Gemma4.Family] = Gemma4.Read,
    };

    /// <summary>Gets the names of the supported families, as <c>model_type</c> has them.</summary>
    public static IReadOnlyCollection<string> FamilyNames => Families.Keys;

    /// <summary>Reads a configuration.</summary>
    /// <param name="config">The contents of config.json; a multimodal one's <c>text_config</c> is used.</param>
    /// <param name="tensorNames">Names of the checkpoint's tensors: their prefix differs between versions of a format.</param>
    /// <exception cref="ConfigException">Values are missing or wrong, or options are not supported; it lists all of them by name.</exception>
    public static DecoderSpec Read(JsonElement config, ICollection<string> tensorNames)
    {
        ArgumentNullException.ThrowIfNull(tensorNames);
        var root = ConfigSection.Root(config);
        var text = root.Section("text_config");
        var input = new FamilyInput(text ?? root, text is null ? null : root, tensorNames.ToHashSet(StringComparer.Ordinal));
        if (root.Has("quantization_config"))
            root.Refuse("quantization_config", "weights in F32, F16 or BF16", "Use the model's unquantized weights.");
        string family = input.Config.Text("model_type");
        if (!Families.TryGetValue(family, out var read))
        {
            if (family.Length > 0)
                input.Config.Refuse("model_type", string.Join(", ", Families.Keys), "Use a model of one of these families.");
            root.ThrowIfReported();
        }

        var spec = read!(input); // an unknown family was reported
        CheckBorrowers(spec);
        return spec;
    }

    /// <summary>Reads a layout; reports its problems and gives null when there are any.</summary>
    internal static AttentionLayout? ReadLayout(ConfigSection config, Func<AttentionLayout> read)
    {
        try
        {
            return read();
        }
        catch (LayoutException e)
        {
            config.Report(e.Problems);
            return null;
        }
    }

    /// <summary>Checks that a borrower's queries fit the keys they meet: same head size, same KV heads, same rotation.</summary>
    private static void CheckBorrowers(DecoderSpec spec)
    {
        var problems = new List<string>();
        for (int layer = 0; layer < spec.Layers.Count; layer++)
        {
            int owner = spec.Layout[layer].KvOwner;
            var mine = spec.Layers[layer].Attention;
            var theirs = spec.Layers[owner].Attention;
            if (mine.HeadDim != theirs.HeadDim || mine.KvHeads != theirs.KvHeads)
                problems.Add($"Layer {layer} has {mine.KvHeads} KV heads of {mine.HeadDim}, but borrows KV from layer {owner}, which has {theirs.KvHeads} of {theirs.HeadDim}. Give both the same.");
            if (!SameRotation(mine.Rope, theirs.Rope))
                problems.Add($"Layer {layer} rotates its queries differently from the keys of layer {owner}, from which it borrows. Give both the same rotary embedding (nope, rope_theta).");
        }

        if (problems.Count > 0)
            throw new ConfigException(problems);
    }

    private static bool SameRotation(RopeSpec? a, RopeSpec? b) =>
        ReferenceEquals(a, b) || (a is not null && b is not null && a.Magnitude == b.Magnitude && a.InverseFrequencies.SequenceEqual(b.InverseFrequencies));
}
