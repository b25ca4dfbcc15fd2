namespace MixAttention.Batch.Jobs;

/// <summary>A folder of jobs on this machine: a store and a queue that processes share.</summary>
/// <param name="Path">The folder.</param>
public sealed record JobFolder(string Path)
{
    /// <summary>Gets the folder of the store.</summary>
    public string Store => System.IO.Path.Combine(Path, "store");

    /// <summary>Gets the file of the queue.</summary>
    public string Queue => System.IO.Path.Combine(Path, "queue.db");
}
