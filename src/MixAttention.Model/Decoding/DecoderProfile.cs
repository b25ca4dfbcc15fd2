using System.Diagnostics;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>Adds up the time of one kind of work.</summary>
public sealed class Lap
{
    private long _ticks;

    /// <summary>Gets the time so far.</summary>
    public TimeSpan Total => Stopwatch.GetElapsedTime(0, _ticks);

    /// <summary>Runs the work and adds its time.</summary>
    internal Tensor Measure(Func<Tensor> work)
    {
        long start = Stopwatch.GetTimestamp();
        var result = work();
        _ticks += Stopwatch.GetTimestamp() - start;
        return result;
    }
}

/// <summary>Says where a decoder's time goes; on a GPU, where work is asynchronous, only the total means something.</summary>
public sealed class DecoderProfile
{
    /// <summary>Gets the time in linear layers, experts and the output head.</summary>
    public Lap Linear { get; } = new();

    /// <summary>Gets the time in attention proper, KV reads and writes of decode tokens included.</summary>
    public Lap Attention { get; } = new();

    /// <summary>Gets the time of whole forward passes; the rest are norms, rotations, activations, KV writes and calls.</summary>
    public Lap Total { get; } = new();
}
