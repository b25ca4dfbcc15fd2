using MixAttention.Compute;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Spec;

/// <summary>Names a weight of the checkpoint, or a range of its rows.</summary>
/// <param name="Name">The tensor's name in the checkpoint.</param>
/// <param name="RowStart">First row used.</param>
/// <param name="RowCount">Rows used; null means all of them. A fused projection is read as one reference per part.</param>
/// <param name="Transposed">True when the stored rows are the product's inputs (x · W), false for the usual [out, in] (x · Wᵀ).</param>
public sealed record WeightRef(string Name, int RowStart = 0, int? RowCount = null, bool Transposed = false);

/// <summary>Names a linear layer's weight and its bias.</summary>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out]; null for none.</param>
public sealed record LinearSpec(WeightRef Weight, WeightRef? Bias = null);

/// <summary>Tells how a norm is computed.</summary>
public enum NormKind
{
    /// <summary>x · rsqrt(mean(x²) + eps) · weight.</summary>
    Rms,

    /// <summary>(x − mean) · rsqrt(var + eps) · weight + bias.</summary>
    Layer,
}

/// <summary>Describes a norm.</summary>
/// <param name="Weight">[width]; null for a norm without weight.</param>
/// <param name="Bias">[width]; null for none.</param>
/// <param name="WeightOffset">Added to the stored weight: 1 for Gemma 3, where the norm multiplies by 1 + w.</param>
public sealed record NormSpec(NormKind Kind, double Epsilon, WeightRef? Weight, WeightRef? Bias = null, double WeightOffset = 0);

/// <summary>Tells over which part of the query or key vector a norm runs.</summary>
public enum QkNormScope
{
    /// <summary>Each head by itself; the weight is [head_dim], shared by the heads.</summary>
    Head,

    /// <summary>The whole flattened vector; the weight is [heads · head_dim].</summary>
    Whole,
}

/// <summary>Describes a rotary embedding by its frequencies; pairs are half-split (j, j + head_dim / 2).</summary>
/// <param name="InverseFrequencies">head_dim / 2 angles per position, scaling applied; 0 leaves a pair unrotated.</param>
/// <param name="Magnitude">Factor on cos and sin (yarn); 1 for the others.</param>
public sealed record RopeSpec(double[] InverseFrequencies, double Magnitude = 1);

/// <summary>Describes a layer's attention.</summary>
public sealed record AttentionSpec
{
    /// <summary>Gets the number of query heads (H).</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Gets the number of KV heads (G); H is a multiple of G, and query head h reads KV head h / (H / G).</summary>
    public required int KvHeads { get; init; }

    /// <summary>Gets the head size (D).</summary>
    public required int HeadDim { get; init; }

    /// <summary>Gets the factor on the scores.</summary>
    public required double ScoreScale { get; init; }

    /// <summary>Gets the soft-cap of scaled scores (cap · tanh(s / cap)); null for none.</summary>
    public double? ScoreSoftcap { get; init; }

    /// <summary>Gets the bound to which projected q, k and v are clamped; null for none.</summary>
    public double? QkvClip { get; init; }

    /// <summary>Gets the query projection, [H · D, width].</summary>
    public required LinearSpec Query { get; init; }

    /// <summary>Gets the key projection, [G · D, width]; null exactly when the layer borrows.</summary>
    public LinearSpec? Key { get; init; }

    /// <summary>Gets the value projection, [G · D, width]; null when the layer borrows or when V is the raw K projection.</summary>
    public LinearSpec? Value { get; init; }

    /// <summary>Gets whether V is the key projection's output before norm and rotation (Gemma 4 `attention_k_eq_v`).</summary>
    public bool ValueIsKey { get; init; }

    /// <summary>Gets the norm of the queries, before rotation; null for none.</summary>
    public NormSpec? QueryNorm { get; init; }

    /// <summary>Gets the norm of the keys, before rotation; null for none and in borrowers.</summary>
    public NormSpec? KeyNorm { get; init; }

    /// <summary>Gets the norm of each value head; null for none and in borrowers.</summary>
    public NormSpec? ValueNorm { get; init; }

    /// <summary>Gets what the query and key norms run over.</summary>
    public QkNormScope QkNormScope { get; init; }

    /// <summary>Gets the rotary embedding; null for none.</summary>
    public RopeSpec? Rope { get; init; }

    /// <summary>Gets the output projection, [width, H · D].</summary>
    public required LinearSpec Output { get; init; }
}

/// <summary>Describes a dense feed-forward network: down(act(gate(x)) · up(x)), or down(act(up(x))) without a gate.</summary>
/// <param name="InnerWidth">Rows of gate and up.</param>
public sealed record FfnSpec(ActivationKind Activation, LinearSpec? Gate, LinearSpec Up, LinearSpec Down, int InnerWidth);

/// <summary>Describes a mixture of experts: softmax over all experts, top-k, optional division by the p-norm of the chosen weights.</summary>
/// <param name="Router">[experts, width].</param>
/// <param name="Experts">One network per expert, in order.</param>
/// <param name="TopK">Experts used per token; ties go to the lowest index.</param>
/// <param name="NormalizePower">p of the norm by which chosen weights are divided; null for none.</param>
public sealed record MoeSpec(LinearSpec Router, IReadOnlyList<FfnSpec> Experts, int TopK, double? NormalizePower);

/// <summary>Describes Gemma 4's per-layer input of one layer: x += norm(projection(gelu_tanh(gate(x)) ⊙ input)).</summary>
public sealed record PerLayerInputSpec(LinearSpec Gate, LinearSpec Projection, NormSpec PostNorm, ActivationKind Activation);

/// <summary>Describes one layer: x += postAttnNorm(attn(inputNorm(x))); x += postFfnNorm(ffn(preFfnNorm(x))).</summary>
public sealed record LayerSpec
{
    /// <summary>Gets the attention.</summary>
    public required AttentionSpec Attention { get; init; }

    /// <summary>Gets the norm before attention.</summary>
    public required NormSpec InputNorm { get; init; }

    /// <summary>Gets the norm of attention's output before it is added (sandwich norms); null for none.</summary>
    public NormSpec? PostAttentionNorm { get; init; }

    /// <summary>Gets the norm before the feed-forward network.</summary>
    public required NormSpec PreFfnNorm { get; init; }

    /// <summary>Gets the norm of the feed-forward output before it is added; null for none.</summary>
    public NormSpec? PostFfnNorm { get; init; }

    /// <summary>Gets the dense network; exactly one of this and <see cref="Moe"/> is set.</summary>
    public FfnSpec? Ffn { get; init; }

    /// <summary>Gets the mixture of experts; exactly one of this and <see cref="Ffn"/> is set.</summary>
    public MoeSpec? Moe { get; init; }

    /// <summary>Gets the per-layer input; null for none.</summary>
    public PerLayerInputSpec? PerLayerInput { get; init; }

    /// <summary>Gets the scalar that multiplies the layer's output ([1]); null for none.</summary>
    public WeightRef? OutputScalar { get; init; }
}

/// <summary>Describes where per-layer inputs come from (Gemma 4).</summary>
/// <remarks>input(layer) = (norm(projection(e) · ProjectionScale) + table[id] · TableScale) · CombineScale, e = the scaled token embedding.</remarks>
/// <param name="Width">Width of one layer's input (p).</param>
/// <param name="Table">[vocabulary, layers · p].</param>
/// <param name="Projection">[layers · p, width].</param>
/// <param name="ProjectionNorm">Over each layer's p values; the weight is [p].</param>
/// <param name="ProjectionScale">1 / √width.</param>
/// <param name="TableScale">√p.</param>
/// <param name="CombineScale">1 / √2.</param>
public sealed record PerLayerEmbeddingSpec(
    int Width, WeightRef Table, LinearSpec Projection, NormSpec ProjectionNorm, double ProjectionScale, double TableScale, double CombineScale);

/// <summary>Describes a decoder completely: the one input of <c>Decoder</c>. Each family has one file that maps its configuration to this.</summary>
public sealed record DecoderSpec
{
    /// <summary>Gets the family's name, such as <c>mpt</c> or <c>gemma4_text</c>.</summary>
    public required string Family { get; init; }

    /// <summary>Gets the vocabulary size (V).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Gets the width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Gets the longest sequence, prompt and answer together, in tokens.</summary>
    public required int MaxSequenceLength { get; init; }

    /// <summary>Gets which layers see what and read whose KV.</summary>
    public required AttentionLayout Layout { get; init; }

    /// <summary>Gets the token embedding, [V, width].</summary>
    public required WeightRef Embedding { get; init; }

    /// <summary>Gets the factor on embeddings; 1 for most.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Gets per-layer embeddings; null for none.</summary>
    public PerLayerEmbeddingSpec? PerLayerEmbedding { get; init; }

    /// <summary>Gets the layers in order; as many as the layout has.</summary>
    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>Gets the norm after the last layer.</summary>
    public required NormSpec FinalNorm { get; init; }

    /// <summary>Gets the output head, [V, width]; the embedding when tied.</summary>
    public required LinearSpec Head { get; init; }

    /// <summary>Gets the factor on logits.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>Gets the soft-cap of scaled logits; null for none.</summary>
    public double? LogitSoftcap { get; init; }

    /// <summary>Gets ids that end a text, from the configuration.</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Gets names of checkpoint tensors that may exist and are not used (such as K/V weights of borrowers in Gemma files); a trailing <c>*</c> matches any rest.</summary>
    public IReadOnlyList<string> IgnoredWeights { get; init; } = [];
}
