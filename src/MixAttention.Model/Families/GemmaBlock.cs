using MixAttention.Compute;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Builds what Gemma 3 and Gemma 4 share: norms around attention and feed-forward network, norms per head, embeddings times √width.</summary>
internal sealed record GemmaBlock(HfNames Names, HfShape Shape, ActivationKind Activation, bool AttentionBias, double WeightOffset)
{
    /// <summary>Gets the family's default sizes: published configurations leave out what equals them.</summary>
    internal static HfShape Defaults(int layers, int vocabulary) => new()
    {
        Width = 2304,
        Layers = layers,
        Heads = 8,
        KvHeads = 4,
        HeadDim = 256,
        InnerWidth = 9216,
        Vocabulary = vocabulary,
        MaxLength = 131_072,
        Epsilon = 1e-6,
    };

    /// <summary>Reads the activation of the feed-forward network.</summary>
    internal static ActivationKind ReadActivation(ConfigSection config) =>
        ActivationNames.Read(config, config.Has("hidden_activation") || !config.Has("hidden_act") ? "hidden_activation" : "hidden_act", "gelu_pytorch_tanh");

    /// <summary>Builds a layer.</summary>
    /// <param name="layer">Its index.</param>
    /// <param name="owns">Whether it owns its KV.</param>
    /// <param name="innerWidth">Width of its feed-forward network.</param>
    /// <param name="attention">Head sizes, scale, rotation and whatever else differs between the families; projections and norms are filled in here.</param>
    internal LayerSpec Layer(int layer, bool owns, int innerWidth, Func<LinearSpec, LinearSpec, AttentionSpec> attention)
    {
        var spec = attention(Projection(layer, "q_proj"), Projection(layer, "o_proj")) with
        {
            Key = owns ? Projection(layer, "k_proj") : null,
            QueryNorm = Norm(layer, "self_attn.q_norm"),
            KeyNorm = owns ? Norm(layer, "self_attn.k_norm") : null,
        };
        return new LayerSpec
        {
            Attention = owns && !spec.ValueIsKey ? spec with { Value = Projection(layer, "v_proj") } : spec,
            InputNorm = Norm(layer, "input_layernorm"),
            PostAttentionNorm = Norm(layer, "post_attention_layernorm"),
            PreFfnNorm = Norm(layer, "pre_feedforward_layernorm"),
            PostFfnNorm = Norm(layer, "post_feedforward_layernorm"),
            Ffn = new FfnSpec(Activation, Names.Linear(layer, "mlp.gate_proj"), Names.Linear(layer, "mlp.up_proj"), Names.Linear(layer, "mlp.down_proj"), innerWidth),
        };
    }

    /// <summary>Gets a norm of a block.</summary>
    internal NormSpec Norm(int layer, string name) => Names.Norm(layer, name, Shape.Epsilon, WeightOffset);

    private LinearSpec Projection(int layer, string name) => Names.Linear(layer, "self_attn." + name, AttentionBias);
}
