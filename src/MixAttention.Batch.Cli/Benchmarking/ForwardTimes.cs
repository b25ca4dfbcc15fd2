using MixAttention.Engine;
using MixAttention.Engine.Execution;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>Where the time of forward passes went.</summary>
/// <param name="Linear">Linear layers, experts and the output head.</param>
/// <param name="Attention">Attention proper.</param>
/// <param name="Total">Whole forward passes; the rest are norms, rotations, activations, KV writes and calls.</param>
internal readonly record struct ForwardTimes(TimeSpan Linear, TimeSpan Attention, TimeSpan Total)
{
    /// <summary>Reads a runner's times so far; zeros of a runner that has no decoder.</summary>
    public static ForwardTimes Of(IModelRunner runner) =>
        runner is DecoderRunner { Profile: var profile } ? new(profile.Linear.Total, profile.Attention.Total, profile.Total.Total) : default;

    /// <summary>Gets what has been added since an earlier reading.</summary>
    public ForwardTimes Since(ForwardTimes earlier) => new(Linear - earlier.Linear, Attention - earlier.Attention, Total - earlier.Total);
}
