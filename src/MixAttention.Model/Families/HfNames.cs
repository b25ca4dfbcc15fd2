using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Knows the tensor names of Hugging Face decoders, with the prefix that this checkpoint has.</summary>
internal sealed class HfNames
{
    private const string WrapperPart = "language_model.";

    // A multimodal checkpoint nests the decoder; the place changed between versions.
    private static readonly string[] Prefixes = ["model.", "model.language_model.", "language_model.model.", "language_model."];

    private readonly FamilyInput _input;

    internal HfNames(FamilyInput input)
    {
        _input = input;
        Prefix = Array.Find(Prefixes, p => input.TensorNames.Contains(p + "embed_tokens.weight")) ?? Prefixes[0];
        HeadName = input.TensorNames.Contains("language_model.lm_head.weight") ? "language_model.lm_head.weight" : "lm_head.weight";
    }

    /// <summary>Gets what stands before the decoder's own names.</summary>
    internal string Prefix { get; }

    /// <summary>Gets the name of an output head that is not the embedding.</summary>
    internal string HeadName { get; }

    /// <summary>Gets a weight of the decoder.</summary>
    internal WeightRef Weight(string name) => new(Prefix + name);

    /// <summary>Gets a linear layer of a block.</summary>
    internal LinearSpec Linear(int layer, string name, bool bias = false)
    {
        string full = $"{Prefix}layers.{layer}.{name}";
        return new(new(full + ".weight"), bias ? new(full + ".bias") : null);
    }

    /// <summary>Gets an RMS norm of a block.</summary>
    internal NormSpec Norm(int layer, string name, double epsilon, double weightOffset = 0) =>
        new(NormKind.Rms, epsilon, Weight($"layers.{layer}.{name}.weight"), WeightOffset: weightOffset);

    /// <summary>Gets the output head.</summary>
    internal LinearSpec Head(bool tied) => new(tied ? Weight("embed_tokens.weight") : new(HeadName));

    /// <summary>Lists tensors of the checkpoint that a decoder does not use: rotary tables, a tied head's copy, and in a multimodal checkpoint everything but the decoder.</summary>
    internal IEnumerable<string> Unused(bool tied) => _input.TensorNames.Where(name =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || (tied && name == HeadName)
        || (_input.Wrapper is not null && !name.Contains(WrapperPart, StringComparison.Ordinal) && !name.StartsWith(Prefix, StringComparison.Ordinal) && name != HeadName));
}
