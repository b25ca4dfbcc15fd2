using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Shards;

/// <summary>Writes a shard's checkpoint, segment by segment, as its owner.</summary>
/// <remarks>Few and whole: lines that finish wait for the next segment, which comes when requests start, every few seconds, and when the owner drains.</remarks>
internal sealed class CheckpointLog(IArtifactStore store, JobArtifacts artifacts, ShardOwnership ownership, string fingerprint) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _adding = new();
    private List<ResultLine> _waiting = [];
    private List<CallLine> _waitingCalls = [];
    private int _next;

    /// <summary>Adds a finished request, which the next segment holds.</summary>
    public void Add(ResultLine line)
    {
        lock (_adding)
        {
            _waiting.Add(line);
            _waitingCalls.RemoveAll(c => c.Row == line.Row); // Nobody asks for them any more.
        }
    }

    /// <summary>Adds a finished call of a request that has not finished, which the next segment holds.</summary>
    public void Add(CallLine call)
    {
        lock (_adding)
            _waitingCalls.Add(call);
    }

    /// <summary>Notes that requests are about to go to the engine.</summary>
    public Task StartAsync(IReadOnlyList<int> rows, bool isAlone, CancellationToken cancellationToken) =>
        WriteAsync(new CheckpointHeader { Fingerprint = fingerprint, Started = rows, IsAlone = isAlone }, isNeeded: true, cancellationToken);

    /// <summary>Writes what has finished since the last segment, if anything has.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => WriteAsync(new CheckpointHeader { Fingerprint = fingerprint }, isNeeded: false, cancellationToken);

    /// <summary>Writes what has finished, and that nothing is running any more.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => WriteAsync(new CheckpointHeader { Fingerprint = fingerprint, IsDrained = true }, isNeeded: true, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _writing.Dispose();

    private async Task WriteAsync(CheckpointHeader header, bool isNeeded, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        var (lines, calls) = Take();
        bool isWritten = false;
        try
        {
            if (!isNeeded && lines.Count + calls.Count == 0)
                return;
            await ownership.CheckAsync(cancellationToken).ConfigureAwait(false);
            byte[] file = new CheckpointSegment(header, lines, calls).Write();

            // A name that is taken is the trace of a put whose reply was lost; the segment goes under the next name, and having it twice does no harm.
            while (await store.PutIfAbsentAsync(artifacts.Checkpoint(ownership.State.Shard, ownership.State.Generation, _next++), file, cancellationToken).ConfigureAwait(false) is null)
            {
            }

            isWritten = true;
        }
        finally
        {
            if (!isWritten)
                PutBack(lines, calls);
            _writing.Release();
        }
    }

    private (List<ResultLine> Lines, List<CallLine> Calls) Take()
    {
        lock (_adding)
        {
            var taken = (_waiting, _waitingCalls);
            (_waiting, _waitingCalls) = ([], []);
            return taken;
        }
    }

    private void PutBack(List<ResultLine> lines, List<CallLine> calls)
    {
        lock (_adding)
        {
            _waiting.InsertRange(0, lines);
            _waitingCalls.InsertRange(0, calls);
        }
    }
}
