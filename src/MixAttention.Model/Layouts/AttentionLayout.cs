namespace MixAttention.Model.Layouts;

/// <summary>Describes how one layer attends: how far back it sees and whose keys and values it reads.</summary>
/// <param name="Window">Visible keys including the query's own position; null means all earlier positions (full causal attention).</param>
/// <param name="KvOwner">Index of the layer whose keys and values this layer reads; its own index when it owns them.</param>
public readonly record struct LayerAttention(int? Window, int KvOwner)
{
    /// <summary>Gets whether the layer sees every earlier position.</summary>
    public bool IsFull => Window is null;
}

/// <summary>Names, for every layer of a decoder, its attention window and the layer that owns the keys and values it reads.</summary>
/// <remarks>
/// Source of the idea: MixAttention, Rajput et al., PMLR 262, 2024. Only owners hold keys and values; a borrower has no K/V projections and allocates nothing.
/// A layout is validated whole when it is made: an owner comes before its borrowers, owns its own KV and has the same window.
/// </remarks>
public sealed class AttentionLayout
{
    private readonly LayerAttention[] _layers;

    /// <summary>Creates a layout after checking every layer.</summary>
    /// <exception cref="LayoutException">One or more layers are wrong; the message lists all of them, each with its cure.</exception>
    public AttentionLayout(IReadOnlyList<LayerAttention> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        _layers = [.. layers];
        var problems = Validate(_layers);
        if (problems.Count > 0)
            throw new LayoutException(problems);
    }

    /// <summary>Gets the number of layers.</summary>
    public int LayerCount => _layers.Length;

    /// <summary>Gets the attention of one layer.</summary>
    public LayerAttention this[int layer] => _layers[layer];

    /// <summary>Gets all layers in order.</summary>
    public IReadOnlyList<LayerAttention> Layers => _layers;

    /// <summary>Tells whether the layer computes and keeps its own keys and values.</summary>
    public bool OwnsKv(int layer) => _layers[layer].KvOwner == layer;

    /// <summary>Finds the last layer that reads the owner's keys and values; the owner itself when nobody borrows.</summary>
    public int LastReader(int owner) => Array.FindLastIndex(_layers, l => l.KvOwner == owner);

    /// <summary>Lists the layers that own keys and values, in order.</summary>
    public IEnumerable<int> Owners => Enumerable.Range(0, LayerCount).Where(OwnsKv);

    /// <summary>Writes for each layer the layer whose KV it reads, with s for a sliding one: <c>0_1s_1s_0</c>, as LCKV's layer_types do.</summary>
    public override string ToString() => string.Join('_', _layers.Select(l => l.IsFull ? $"{l.KvOwner}" : $"{l.KvOwner}s"));

    private static List<string> Validate(LayerAttention[] layers)
    {
        var problems = new List<string>();
        if (layers.Length == 0)
            problems.Add("The layout has no layers. Give at least one.");
        for (int i = 0; i < layers.Length; i++)
        {
            var (window, owner) = layers[i];
            if (window is < 1)
                problems.Add($"Layer {i} has a window of {window} keys. A window counts the query itself, so give 1 or more, or none for full attention.");
            if (owner < 0 || owner >= layers.Length)
                problems.Add($"Layer {i} borrows KV from layer {owner}, which does not exist (layers are 0 to {layers.Length - 1}). Name an earlier layer.");
            else if (owner > i)
                problems.Add($"Layer {i} borrows KV from layer {owner}, which comes after it. Name an earlier layer that owns its KV.");
            else if (layers[owner].KvOwner != owner)
                problems.Add($"Layer {i} borrows KV from layer {owner}, which itself borrows from layer {layers[owner].KvOwner}. Name layer {layers[owner].KvOwner}.");
            else if (layers[owner].Window != window)
                problems.Add($"Layer {i} sees {Describe(window)} but borrows KV from layer {owner}, which sees {Describe(layers[owner].Window)}. Give both the same window.");
        }

        return problems;
    }

    private static string Describe(int? window) => window is { } w ? $"{w} keys" : "all keys";
}

/// <summary>Reports everything that is wrong with an attention layout.</summary>
public sealed class LayoutException : Exception
{
    /// <summary>Creates the exception from all problems found.</summary>
    public LayoutException(IReadOnlyList<string> problems) : base(string.Join(" ", problems)) => Problems = problems;

    /// <summary>Gets the problems, one sentence or two each, naming the layer and the cure.</summary>
    public IReadOnlyList<string> Problems { get; }
}
