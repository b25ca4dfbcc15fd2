using System.Security.Cryptography;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Works on one delivery, from its receipt to how it ended.</summary>
/// <param name="worker">What the worker's sessions share.</param>
/// <param name="delivery">The delivery.</param>
/// <param name="order">Its place among the worker's deliveries.</param>
internal sealed class ShardSession(WorkerContext worker, JobDelivery delivery, long order)
{
    private readonly TaskCompletionSource _handedIn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets the delivery.</summary>
    public JobDelivery Delivery => delivery;

    /// <summary>Gets the moment from which on the session brings the engine no more work; never faulted.</summary>
    public Task HandedIn => _handedIn.Task;

    /// <summary>Works on the delivery; whatever happens is an outcome.</summary>
    public async Task<ShardOutcome> RunAsync()
    {
        var renewer = new LockRenewer(worker.Queue, delivery, worker.Time);
        await using var _ = renewer.ConfigureAwait(false);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(renewer.Lost, worker.Stopping);
            return await WorkAsync(stop.Token, renewer.Lost).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (renewer.Lost.IsCancellationRequested)
        {
            return new ShardOutcome(ShardOutcomeKind.LockLost);
        }
        catch (OperationCanceledException) when (worker.Stopping.IsCancellationRequested)
        {
            return new ShardOutcome(ShardOutcomeKind.Drained);
        }
#pragma warning disable CA1031 // The session's edge: what went wrong decides what becomes of the message.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Describe(e);
        }
        finally
        {
            _handedIn.TrySetResult();
        }
    }

    private static ShardOutcome Describe(Exception e) => e switch
    {
        FencedException => new ShardOutcome(ShardOutcomeKind.Fenced, e.Message),
        EngineException => new ShardOutcome(ShardOutcomeKind.EngineDead, e.Message) { Cause = e },
        StoreException or QueueException => new ShardOutcome(ShardOutcomeKind.StoreUnavailable, e.Message) { Cause = e },
        ContractException => new ShardOutcome(ShardOutcomeKind.UnreadableJob, e.Message) { Cause = e },
        _ => new ShardOutcome(ShardOutcomeKind.Defect, $"Unexpected failure; please report it with what follows. {e}") { Cause = e },
    };

    /// <param name="stop">Cancelled when the lock is lost or the worker stops: until the shard is claimed there is nothing to bring to an end.</param>
    /// <param name="lost">Cancelled when the lock is lost.</param>
    private async Task<ShardOutcome> WorkAsync(CancellationToken stop, CancellationToken lost)
    {
        // 1. What does the message ask for?
        if (delivery.Message is not { } message)
            return new ShardOutcome(ShardOutcomeKind.BadMessage, delivery.Problem ?? "The message has no content.");
        if (JobArtifacts.JobOf(message.Manifest) != message.JobId)
            return new ShardOutcome(ShardOutcomeKind.BadMessage, $"The message of job {message.JobId} names the manifest {message.Manifest}, which is another job's. Submit the job again.");
        if (message.ModelName != worker.Engine.Model.Name)
            return new ShardOutcome(ShardOutcomeKind.OtherModel, $"Job {message.JobId} asks for the model {message.ModelName}, and this worker serves {worker.Engine.Model.Name}. Start a worker with --served-model-name {message.ModelName}.");
        if (await worker.Jobs.OpenAsync(message.JobId, stop).ConfigureAwait(false) is not { } job)
            return new ShardOutcome(ShardOutcomeKind.JobNotFound, $"The store has no job {message.JobId}: it was deleted, or submitted to another store. Submit it again.");
        if (await job.FindAsync(message.Shard, stop).ConfigureAwait(false) is not { } planned)
            return new ShardOutcome(ShardOutcomeKind.BadMessage, $"Job {message.JobId} has no shard {message.Shard}. Submit the job again.");

        // 2. What is committed is never computed again.
        if (await worker.Store.ReadBytesAsync(job.Artifacts.Part(message.Shard), stop).ConfigureAwait(false) is { } part)
        {
            await NoteCommittedAsync(job, message.Shard, part.Bytes, stop).ConfigureAwait(false);
            return new ShardOutcome(ShardOutcomeKind.AlreadyDone) { IsJobComplete = await FinishJobAsync(job, stop).ConfigureAwait(false) };
        }

        // 3. Would this worker's results be the job's?
        if (job.Manifest.Rules != ReadingRules.Current)
            return new ShardOutcome(ShardOutcomeKind.OtherNumerics, $"Job {message.JobId} reads documents by {job.Manifest.Rules}, and this version by {ReadingRules.Current}. Run it with the version of mixbatch that submitted it, or submit it again.");
        var feed = await worker.Engine.GetFeedAsync(stop).ConfigureAwait(false);
        if (await FindOtherNumericsAsync(job, feed.Info.NumericsVersion, stop).ConfigureAwait(false) is { } difference)
            return new ShardOutcome(ShardOutcomeKind.OtherNumerics, difference);

        // 4. Claim the shard and run it.
        var history = await ShardHistory.ReadAsync(worker.Store, job.Artifacts, message.Shard, job.Fingerprint, stop).ConfigureAwait(false);
        var ownership = await ShardOwnership.ClaimAsync(worker.Store, job.Artifacts, message.Shard, worker.Owner, history, stop).ConfigureAwait(false);
        if (ownership is null)
            return new ShardOutcome(ShardOutcomeKind.Busy);

        // Until then a former owner that had been stopped could go on: it may have finished more requests since, or all.
        if (await worker.Store.ReadBytesAsync(job.Artifacts.Part(message.Shard), stop).ConfigureAwait(false) is { } late)
        {
            await FinishAsync(job, ownership, late.Bytes, stop).ConfigureAwait(false);
            return new ShardOutcome(ShardOutcomeKind.AlreadyDone) { IsJobComplete = await FinishJobAsync(job, stop).ConfigureAwait(false) };
        }

        history = await history.ReadAgainAsync(worker.Store, job.Artifacts, message.Shard, job.Fingerprint, stop).ConfigureAwait(false);
        worker.Counts.AddDiscardedCheckpoints(history.Discarded);
        int again = history.Unfinished(ownership.State.Generation - 1).Count;
        worker.Counts.AddRecomputed(again);
        if (history.Finished.Count + again > 0)
            worker.Options.Log($"{delivery.MessageId}: {history.Finished.Count} of {planned.Shard.Rows} requests are finished already; {again} were running when the former owner was stopped and run again.");
        return await RunAsync(job, planned.Segment, planned.Shard, ownership, history, feed, lost).ConfigureAwait(false);
    }

    /// <summary>Brings the state up to date where the committer died, or was stopped, before it could do so itself.</summary>
    private async Task NoteCommittedAsync(OpenJob job, int shard, byte[] part, CancellationToken cancellationToken)
    {
        string name = job.Artifacts.State(shard);
        if (await ShardOwnership.ReadAsync(worker.Store, name, cancellationToken).ConfigureAwait(false) is { State.Status: ShardStatus.Done })
        {
            await DeleteCheckpointsAsync(job, shard, cancellationToken).ConfigureAwait(false);
            return;
        }

        var nothing = new ShardHistory(new Dictionary<int, ResultLine>(), 0);
        if (await ShardOwnership.ClaimAsync(worker.Store, job.Artifacts, shard, worker.Owner, nothing, cancellationToken).ConfigureAwait(false) is not { } ownership)
            return; // Somebody else does.
        await FinishAsync(job, ownership, part, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes this worker's arithmetic as the job's, or compares it with that of the job's first worker.</summary>
    /// <returns>What differs and what to do; null when nothing does, or the job allows it.</returns>
    private async Task<string?> FindOtherNumericsAsync(OpenJob job, string numericsVersion, CancellationToken cancellationToken)
    {
        var here = worker.Engine.Model.NumericsOf(await worker.Engine.DigestAsync(cancellationToken).ConfigureAwait(false), numericsVersion);
        string name = job.Artifacts.Numerics;
        if (await worker.Store.PutIfAbsentAsync(name, ContractJson.Write(here, ContractJson.Default.Numerics), cancellationToken).ConfigureAwait(false) is not null || job.Manifest.AllowsMixedNumerics)
            return null;
        var content = await worker.Store.ReadBytesAsync(name, cancellationToken).ConfigureAwait(false);
        var first = content is null ? here : ContractJson.Read(content.Bytes, Numerics.CurrentSchema, ContractJson.Default.Numerics, name);
        var differences = here.Differences(first);
        return differences.Count == 0
            ? null
            : $"Results of job {job.Manifest.JobId} would not be those of its first worker: {string.Join("; ", differences)}. Run it as the first worker does, or submit it with --mixed-numerics.";
    }

    private async Task<ShardOutcome> RunAsync(
        OpenJob job, ShardPlan segment, PlannedShard shard, ShardOwnership ownership, ShardHistory history, EngineFeed feed, CancellationToken lost)
    {
        if (ownership.State.Suspects.Count(s => s.RunsAlone && !history.Finished.ContainsKey(s.Row)) is var suspects and > 0)
            worker.Options.Warn($"{suspects} of {shard.Rows} requests of shard {shard.Shard} were running in {SuspectRow.CrashesToSuspect} or more crashes, so they run at the end, one at a time, until it is clear which one kills its worker.");
        var requests = await Listing.ReadRequestsAsync(worker.Store, job.Artifacts, segment, shard, lost).ConfigureAwait(false);
        using var checkpoint = new CheckpointLog(worker.Store, job.Artifacts, ownership, job.Fingerprint);
        var trace = new ShardTrace(worker, delivery, job, ownership.State, history, feed);
        using var run = new ShardRun(job, segment.Run, requests, history, ownership.State, checkpoint, feed, worker.Counts, order);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(lost);
            var flushing = FlushAsync(checkpoint, stop);
            try
            {
                await run.HandInAsync(onRoom: () => _handedIn.TrySetResult(), stop.Token).ConfigureAwait(false);
                _handedIn.TrySetResult();
                if (await run.FinishAsync(stop.Token).ConfigureAwait(false))
                {
                    await trace.WriteAsync(requests, run, isWhole: true, lost).ConfigureAwait(false);
                    return await CommitAsync(job, segment.Run, ownership, run.Lines, lost).ConfigureAwait(false);
                }
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await flushing.ConfigureAwait(false); // Its failure is the cause of any other.
            }
        }
        catch (Exception e) when (e is not FencedException)
        {
            // What has finished is worth a try. Requests that were running when the engine died may have killed it: only other failures leave them without suspicion.
            var saving = e is EngineException ? checkpoint.FlushAsync(CancellationToken.None) : checkpoint.DrainAsync(CancellationToken.None);
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await checkpoint.DrainAsync(CancellationToken.None).ConfigureAwait(false);
        await trace.WriteAsync(requests, run, isWhole: false, CancellationToken.None).ConfigureAwait(false);
        return new ShardOutcome(ShardOutcomeKind.Drained);
    }

    /// <summary>Puts finished requests into the checkpoint every few seconds; if that fails, the run stops.</summary>
    private async Task FlushAsync(CheckpointLog checkpoint, CancellationTokenSource stop)
    {
        try
        {
            using var timer = new PeriodicTimer(worker.Options.CheckpointPeriod, worker.Time);
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
                await checkpoint.FlushAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run has ended.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Commits in this order, after the trace: the part, whose existence is the commit; the shard's state; and, if it was the last one, the job's results.</summary>
    private async Task<ShardOutcome> CommitAsync(OpenJob job, int run, ShardOwnership ownership, IReadOnlyList<ResultLine> lines, CancellationToken lost)
    {
        int shard = ownership.State.Shard;
        byte[] part = [.. lines.SelectMany(l => l.Bytes.ToArray().Append((byte)'\n'))];
        await ownership.CheckAsync(lost).ConfigureAwait(false);
        if (await worker.Store.PutIfAbsentAsync(job.Artifacts.Part(shard), part, lost).ConfigureAwait(false) is null)
        {
            // Ours, if the reply to an earlier try was lost; or somebody else's, who was first.
            var there = await worker.Store.ReadBytesAsync(job.Artifacts.Part(shard), lost).ConfigureAwait(false);
            if (there is not null && !there.Bytes.AsSpan().SequenceEqual(part))
            {
                worker.Counts.AddDifferingPart();
                worker.Options.Log($"Shard {shard} of job {job.Manifest.JobId} gave other bytes than those that were committed, which stay. Run mixbatch doctor on the workers: their results are not deterministic.");
            }
        }

        await FinishAsync(job, ownership, part, lost).ConfigureAwait(false);
        worker.Counts.AddShard();
        worker.Options.Log($"{delivery.MessageId}: committed {lines.Count} requests, {lines.Count(l => l.IsFailure)} of them failed.");
        await job.CheckFailuresAsync(run, lost).ConfigureAwait(false);
        return new ShardOutcome(ShardOutcomeKind.Done) { IsJobComplete = await FinishJobAsync(job, lost).ConfigureAwait(false) };
    }

    /// <summary>Puts the job's results together if its last shard is committed.</summary>
    /// <remarks>The plan known here may lack shards that others have added and committed since; the finisher reads it again. Of all who commit, the last one sees everything.</remarks>
    private async Task<bool> FinishJobAsync(OpenJob job, CancellationToken cancellationToken)
    {
        if (!await job.IsWholeAsync(cancellationToken).ConfigureAwait(false))
            return false;
        if (!await worker.Finisher.FinishAsync(job.Manifest, cancellationToken).ConfigureAwait(false))
        {
            await job.ReadPlanAsync(cancellationToken).ConfigureAwait(false);
            return false;
        }

        worker.Jobs.Close(job.Manifest.JobId);
        return true;
    }

    /// <summary>Notes what a committed shard came to; nobody needs its checkpoint any more.</summary>
    private async Task FinishAsync(OpenJob job, ShardOwnership ownership, byte[] part, CancellationToken cancellationToken)
    {
        var lines = CheckpointSegment.SplitLines(part).Select(ResultLine.Parse).ToList();
        var counts = new ShardCounts(lines.Count(l => !l.IsFailure), lines.Count(l => l.IsFailure));
        await ownership.FinishAsync(counts, Convert.ToHexStringLower(SHA256.HashData(part)), cancellationToken).ConfigureAwait(false);
        await DeleteCheckpointsAsync(job, ownership.State.Shard, cancellationToken).ConfigureAwait(false);
    }

    private async Task DeleteCheckpointsAsync(OpenJob job, int shard, CancellationToken cancellationToken)
    {
        await foreach (var segment in worker.Store.ListAsync(job.Artifacts.Checkpoints(shard), cancellationToken).ConfigureAwait(false))
            await worker.Store.DeleteAsync(segment.Name, cancellationToken).ConfigureAwait(false);
    }
}
