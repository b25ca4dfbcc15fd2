using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Builds what all Hugging Face decoders have: embedding, final norm, output head and end tokens around the family's layers.</summary>
internal static class HfDecoder
{
    /// <summary>Ends the reading of a configuration and builds the decoder.</summary>
    /// <param name="layout">Null only when it was reported as wrong.</param>
    /// <param name="layer">Builds a layer; called only when nothing was reported.</param>
    /// <param name="tiedByDefault">Whether the head is the embedding when the configuration does not say.</param>
    /// <param name="weightOffset">What the final norm adds to its weights.</param>
    /// <exception cref="ConfigException">Anything was reported.</exception>
    internal static DecoderSpec Build(
        FamilyInput input, string family, HfShape shape, AttentionLayout? layout, HfNames names, Func<int, LayerSpec> layer, bool tiedByDefault, double weightOffset = 0)
    {
        bool tied = input.ReadTied(tiedByDefault);
        var endTokenIds = input.ReadEndTokenIds();
        input.Config.ThrowIfReported();
        return new DecoderSpec
        {
            Family = family,
            VocabularySize = shape.Vocabulary,
            Width = shape.Width,
            MaxSequenceLength = shape.MaxLength,
            Layout = layout!, // nothing was reported
            Embedding = names.Weight("embed_tokens.weight"),
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(layer)],
            FinalNorm = new(NormKind.Rms, shape.Epsilon, names.Weight("norm.weight"), WeightOffset: weightOffset),
            Head = names.Head(tied),
            EndTokenIds = endTokenIds,
            IgnoredWeights = [.. names.Unused(tied)],
        };
    }
}
