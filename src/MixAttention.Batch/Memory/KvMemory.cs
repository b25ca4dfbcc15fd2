using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Memory;

/// <summary>The bytes set aside for keys and values, and how they came about.</summary>
/// <param name="Bytes">The size of the pools.</param>
/// <param name="Explanation">One line for the operator.</param>
public sealed record KvMemory(long Bytes, string Explanation)
{
    /// <summary>The share of what is left that the pools take when the operator does not say.</summary>
    private const double DefaultShare = 0.8;

    /// <summary>Takes what the operator asked for.</summary>
    /// <param name="bytes">What was asked for.</param>
    /// <param name="host">What is free before the model is loaded; null where the memory is a device's own.</param>
    /// <exception cref="BatchException">There is not so much.</exception>
    public static KvMemory Asked(long bytes, HostMemory? host) => host is { } free && bytes > free.FreeBytes
        ? throw BatchException.Usage($"--memory is {ByteSize.Format(bytes)}, and there are {FreeOf(free)}. Give less, or leave it out to take what can be had.")
        : new(bytes, $"KV memory: {ByteSize.Format(bytes)}, as --memory says.");

    /// <summary>Chooses the size when the operator does not say: 0.8 × (free − weights − scratch), but no more than the job can use.</summary>
    /// <param name="host">What is free before the model is loaded.</param>
    /// <param name="weightBytes">What the weights will take.</param>
    /// <param name="scratchBytes">What a step takes besides.</param>
    /// <param name="usableBytes">What all of the job's requests together could use.</param>
    /// <exception cref="BatchException">Weights and scratch leave nothing.</exception>
    public static KvMemory Choose(HostMemory host, long weightBytes, long scratchBytes, long usableBytes)
    {
        ArgumentNullException.ThrowIfNull(host);
        string sum = $"{FreeOf(host)} − {ByteSize.Format(weightBytes)} weights − {ByteSize.Format(scratchBytes)} scratch";
        long left = (long)(DefaultShare * (host.FreeBytes - weightBytes - scratchBytes));
        if (left <= 0)
            throw BatchException.Job($"No memory is left for keys and values: {sum}. Free some memory, choose a smaller model, or set the size yourself with --memory.");
        return usableBytes < left
            ? new KvMemory(usableBytes, $"KV memory: {ByteSize.Format(usableBytes)}, all that these requests can use; {ByteSize.Format(left)} could be had. --memory sets it.")
            : new KvMemory(left, $"KV memory: {ByteSize.Format(left)} = {DefaultShare} × ({sum}); --memory sets it.");
    }

    private static string FreeOf(HostMemory host) => $"{ByteSize.Format(host.FreeBytes)} free{(host.IsLimitedByCgroup ? " in the control group" : "")}";
}
