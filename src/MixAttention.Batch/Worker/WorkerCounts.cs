using System.Collections.Concurrent;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Worker;

/// <summary>Counts what a worker has done; read from any thread.</summary>
public sealed class WorkerCounts
{
    private const int FailuresKept = 5;

    private readonly ConcurrentQueue<JobFailure> _firstFailures = new();
    private int _succeeded;
    private int _failed;
    private int _resumed;
    private int _recomputed;
    private int _discardedCheckpoints;
    private int _differingParts;
    private int _shards;
    private long _bytesStarted;
    private long _tokensStarted;
    private long _bytesResumed;

    /// <summary>Gets the requests that have a line of success, those found in checkpoints included.</summary>
    public int Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Gets the requests that have a line of failure, those found in checkpoints included.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Gets the requests whose lines were found in checkpoints.</summary>
    public int Resumed => Volatile.Read(ref _resumed);

    /// <summary>Gets the requests that were running when a former owner died or was stopped, and ran again.</summary>
    public int Recomputed => Volatile.Read(ref _recomputed);

    /// <summary>Gets the checkpoint segments that were torn, changed, or of another version or fingerprint.</summary>
    public int DiscardedCheckpoints => Volatile.Read(ref _discardedCheckpoints);

    /// <summary>Gets the shards whose part was there already, with other bytes than this worker's: something is not deterministic.</summary>
    public int DifferingParts => Volatile.Read(ref _differingParts);

    /// <summary>Gets the shards that were committed.</summary>
    public int Shards => Volatile.Read(ref _shards);

    /// <summary>Gets the bytes of documents that were handed to the engine, once for each request.</summary>
    internal long BytesStarted => Interlocked.Read(ref _bytesStarted);

    /// <summary>Gets the prompt tokens that were handed to the engine.</summary>
    internal long TokensStarted => Interlocked.Read(ref _tokensStarted);

    /// <summary>Gets the bytes of documents whose lines were found in checkpoints, once for each request.</summary>
    internal long BytesResumed => Interlocked.Read(ref _bytesResumed);

    /// <summary>Gets the first requests that failed here, in the order in which they did.</summary>
    public IReadOnlyCollection<JobFailure> FirstFailures => _firstFailures;

    internal void AddFinished(ResultLine line)
    {
        Count(line);
        if (line.IsFailure && _firstFailures.Count < FailuresKept && JobFailure.Of(line) is { } failure)
            _firstFailures.Enqueue(failure);
    }

    internal void AddResumed(IEnumerable<BatchRequest> requests, IEnumerable<ResultLine> lines)
    {
        foreach (var line in lines)
        {
            Count(line);
            Interlocked.Increment(ref _resumed);
        }

        foreach (var request in requests)
            Interlocked.Add(ref _bytesResumed, request.Document.ByteCount);
    }

    private void Count(ResultLine line) => Interlocked.Increment(ref line.IsFailure ? ref _failed : ref _succeeded);

    internal void AddStarted(PreparedRequest prepared)
    {
        Interlocked.Add(ref _bytesStarted, prepared.Request.Document.ByteCount);
        Interlocked.Add(ref _tokensStarted, prepared.PromptTokens);
    }

    internal void AddRecomputed(int requests) => Interlocked.Add(ref _recomputed, requests);

    internal void AddDiscardedCheckpoints(int segments) => Interlocked.Add(ref _discardedCheckpoints, segments);

    internal void AddDifferingPart() => Interlocked.Increment(ref _differingParts);

    internal void AddShard() => Interlocked.Increment(ref _shards);
}
