using MixAttention.Compute;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Builds decoders with Llama's block: x += o(attn(norm(x))); x += down(act(gate(norm(x))) · up(norm(x))).</summary>
internal sealed record LlamaLike
{
    /// <summary>Gets the family's name.</summary>
    public required string Family { get; init; }

    /// <summary>Gets the sizes.</summary>
    public required HfShape Shape { get; init; }

    /// <summary>Gets the layout; null when it was reported as wrong.</summary>
    public required AttentionLayout? Layout { get; init; }

    /// <summary>Gets whether the q, k and v projections have biases.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Gets whether the output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Gets whether the feed-forward projections have biases.</summary>
    public bool FfnBias { get; init; }

    /// <summary>Gets whether each query and key head is normed before rotation.</summary>
    public bool HeadNorms { get; init; }

    /// <summary>Ends the reading and builds the decoder.</summary>
    /// <exception cref="ConfigException">Anything was reported.</exception>
    internal DecoderSpec Build(FamilyInput input)
    {
        var config = input.Config;
        var rope = HfRope.Read(config, Shape.HeadDim);
        var activation = ActivationNames.Read(config, "hidden_act", "silu");
        var names = new HfNames(input);
        return HfDecoder.Build(input, Family, Shape, Layout, names, layer => Layer(names, layer, rope, activation), tiedByDefault: false);
    }

    private LayerSpec Layer(HfNames names, int layer, RopeSpec rope, ActivationKind activation)
    {
        bool owns = Layout!.OwnsKv(layer);
        return new LayerSpec
        {
            InputNorm = names.Norm(layer, "input_layernorm", Shape.Epsilon),
            PreFfnNorm = names.Norm(layer, "post_attention_layernorm", Shape.Epsilon),
            Attention = new AttentionSpec
            {
                QueryHeads = Shape.Heads,
                KvHeads = Shape.KvHeads,
                HeadDim = Shape.HeadDim,
                ScoreScale = 1 / Math.Sqrt(Shape.HeadDim),
                Query = names.Linear(layer, "self_attn.q_proj", QkvBias),
                Key = owns ? names.Linear(layer, "self_attn.k_proj", QkvBias) : null,
                Value = owns ? names.Linear(layer, "self_attn.v_proj", QkvBias) : null,
                Output = names.Linear(layer, "self_attn.o_proj", OutputBias),
                QueryNorm = HeadNorms ? names.Norm(layer, "self_attn.q_norm", Shape.Epsilon) : null,
                KeyNorm = HeadNorms && owns ? names.Norm(layer, "self_attn.k_norm", Shape.Epsilon) : null,
                Rope = rope,
            },
            Ffn = new FfnSpec(
                activation,
                names.Linear(layer, "mlp.gate_proj", FfnBias),
                names.Linear(layer, "mlp.up_proj", FfnBias),
                names.Linear(layer, "mlp.down_proj", FfnBias),
                Shape.InnerWidth),
        };
    }
}
