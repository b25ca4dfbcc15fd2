using MixAttention.Compute;

namespace MixAttention.Engine.Execution;

/// <summary>What the operator decides about running a model.</summary>
public sealed record RunnerOptions
{
    /// <summary>Gets the device: <c>cpu</c> or <c>cuda</c>.</summary>
    /// <value>cpu unless set.</value>
    public string Device { get; init; } = "cpu";

    /// <summary>Gets the number formats.</summary>
    /// <value><see cref="Precision.Auto"/> unless set.</value>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary>Gets the bytes of all keys and values.</summary>
    public required long KvBytes { get; init; }

    /// <summary>Gets the threads of a product.</summary>
    /// <value>One per processor unless set.</value>
    public int? Threads { get; init; }

    /// <summary>Gets whether products are cut into tiles of fixed heights without asking whether the device needs it.</summary>
    public bool ForceTiles { get; init; }
}
