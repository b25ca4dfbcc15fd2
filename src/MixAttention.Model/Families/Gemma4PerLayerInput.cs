using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads Gemma 4's per-layer embeddings.</summary>
internal sealed class Gemma4PerLayerInput
{
    private readonly HfShape _shape;
    private readonly int _width;

    private Gemma4PerLayerInput(HfShape shape, int width)
    {
        _shape = shape;
        _width = width;
    }

    /// <summary>Reads the keys; null when the model has no per-layer embeddings.</summary>
    internal static Gemma4PerLayerInput? Read(ConfigSection config, HfShape shape)
    {
        int width = config.Int("hidden_size_per_layer_input", 256, min: 0);
        int vocabulary = config.Int("vocab_size_per_layer_input", shape.Vocabulary);
        if (width > 0 && vocabulary != shape.Vocabulary)
            config.Refuse("vocab_size_per_layer_input", $"vocab_size, {shape.Vocabulary}");
        return width > 0 ? new(shape, width) : null;
    }

    /// <summary>Describes the tables that all layers share.</summary>
    internal PerLayerEmbeddingSpec Embedding(HfNames names) => new(
        _width,
        names.Weight("embed_tokens_per_layer.weight"),
        new(names.Weight("per_layer_model_projection.weight")),
        new(NormKind.Rms, _shape.Epsilon, names.Weight("per_layer_projection_norm.weight")),
        ProjectionScale: 1 / Math.Sqrt(_shape.Width),
        TableScale: Math.Sqrt(_width),
        CombineScale: 1 / Math.Sqrt(2));

    /// <summary>Describes what a layer does with its input.</summary>
    internal static PerLayerInputSpec Layer(GemmaBlock block, int layer) => new(
        block.Names.Linear(layer, "per_layer_input_gate"),
        block.Names.Linear(layer, "per_layer_projection"),
        block.Norm(layer, "post_per_layer_input_norm"),
        block.Activation);
}
