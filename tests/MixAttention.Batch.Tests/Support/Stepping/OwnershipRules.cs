using System.Text;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Tests.Support.Faults;
using Artifacts = System.Collections.Immutable.ImmutableSortedDictionary<string, MixAttention.Batch.Tests.Support.Stepping.MemoryArtifact>;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>Holds each call of each worker to what the protocol promises: its own effect, and the results that may have been written on its heels.</summary>
/// <param name="scenario">What is run.</param>
internal sealed class OwnershipRules(Scenario scenario)
{
    private readonly JobArtifacts _names = scenario.Artifacts;
    private readonly Dictionary<int, Claim> _claims = []; // By worker.
    private readonly Dictionary<int, ShardState?> _lastRead = []; // By worker: the state, if the call before read one.

    /// <summary>Checks a call that was made.</summary>
    /// <param name="worker">Who made it.</param>
    /// <param name="call">The call.</param>
    /// <param name="before">The store before it.</param>
    /// <param name="after">The store after it.</param>
    public void Check(int worker, CallPoint call, Artifacts before, Artifacts after)
    {
        foreach (string deleted in before.Keys.Where(n => !after.ContainsKey(n)))
            Hold(scenario.Shards.Any(m => deleted.StartsWith(_names.Checkpoints(m.Shard), StringComparison.Ordinal) && after.ContainsKey(_names.Part(m.Shard))), $"{deleted} was deleted, which is needed");
        if (call.Verb == "CompleteAsync")
        {
            int shard = scenario.Shards.Single(m => m.MessageId == call.About).Shard;
            Hold(before.ContainsKey(_names.Part(shard)), "a message was completed before its shard was committed");
        }

        foreach (var (name, written) in after.Where(a => !ReferenceEquals(a.Value, before.GetValueOrDefault(a.Key))))
        {
            if (name == call.About)
                CheckGuardedWrite(worker, name, before.GetValueOrDefault(name), written, before);
            if (name == _names.Output || name == _names.Errors || name == _names.Committed)
                CheckResult(name, before.GetValueOrDefault(name), written, after);
        }

        _lastRead[worker] = call.Verb == "ReadAsync" && call.About.StartsWith(_names.States, StringComparison.Ordinal) ? StateOf(before.GetValueOrDefault(call.About)) : null;
    }

    private void CheckGuardedWrite(int worker, string name, MemoryArtifact? former, MemoryArtifact written, Artifacts before)
    {
        if (name.StartsWith(_names.States, StringComparison.Ordinal))
        {
            CheckState(worker, StateOf(former), StateOf(written)!, before); // It was written.
        }
        else if (name.StartsWith($"{_names.Root}checkpoints/", StringComparison.Ordinal))
        {
            CheckOwner(worker, name);
            CheckSegment(_claims[worker], name, CheckpointSegment.TryRead(written.Bytes)!); // It is whole.
        }
        else if (name.StartsWith(_names.Parts, StringComparison.Ordinal))
        {
            Hold(former is null, $"{name} was replaced");
            CheckOwner(worker, name);
            Hold(IsCalm(name, written), $"{name} has other bytes than an undisturbed run gives");
        }
    }

    private void CheckResult(string name, MemoryArtifact? former, MemoryArtifact written, Artifacts after)
    {
        Hold(scenario.Shards.All(m => after.ContainsKey(_names.Part(m.Shard))), $"{name} was put together from parts that are not there");
        Hold(IsCalm(name, written), $"{name} has other bytes than an undisturbed run gives");
        if (name != _names.Committed)
            return;
        Hold(former is null, "the job was finished twice");
        Hold(after.ContainsKey(_names.Output) && after.ContainsKey(_names.Errors), "the job was finished without its results");
    }

    private void CheckState(int worker, ShardState? former, ShardState written, Artifacts before)
    {
        if (written.Status == ShardStatus.Running)
        {
            Hold(former?.Status != ShardStatus.Done, "a shard that is done was claimed");
            Hold(written.Generation == (former?.Generation ?? 0) + 1, $"generation {written.Generation} follows {former?.Generation}");
            _claims[worker] = new Claim(written, before);
            return;
        }

        Hold(_claims.TryGetValue(worker, out var claim) && claim.State.Owner == written.Owner && claim.State.Generation == written.Generation, "a worker finished a shard that it does not own");
        Hold(former?.Generation == written.Generation && former.Owner == written.Owner, "a shard was finished over the head of a later owner");
        Hold(before.ContainsKey(_names.Part(written.Shard)), "a shard is done without a part");
    }

    /// <summary>Right before a guarded write its owner has seen that it still is the owner.</summary>
    private void CheckOwner(int worker, string name)
    {
        if (scenario.Shared != Scenario.Owning)
            return; // What it has seen is not known.
        var seen = _lastRead.GetValueOrDefault(worker);
        Hold(_claims.TryGetValue(worker, out var claim) && seen?.Generation == claim.State.Generation && seen.Owner == claim.State.Owner, $"{name} was written by somebody who has not seen that the shard is its own");
    }

    private void CheckSegment(Claim claim, string name, CheckpointSegment segment)
    {
        Hold(_names.ParseCheckpoint(claim.State.Shard, name).Generation == claim.State.Generation, $"{name} has the name of another generation");
        if (segment.Header.Started.Count == 0)
            return;
        Hold(!claim.Before.ContainsKey(_names.Part(claim.State.Shard)), "requests of a shard that was committed when it was claimed are computed again");
        var finished = claim.Before.Where(a => a.Key.StartsWith(_names.Checkpoints(claim.State.Shard), StringComparison.Ordinal)).SelectMany(a => CheckpointSegment.TryRead(a.Value.Bytes)!.Lines).Select(l => l.Row);
        Hold(!segment.Header.Started.Intersect(finished).Any(), "requests that were in the checkpoint when the shard was claimed are computed again");
    }

    private bool IsCalm(string name, MemoryArtifact written) => Encoding.UTF8.GetString(written.Bytes) == Scenario.Read(scenario.Calm, name);

    private static ShardState? StateOf(MemoryArtifact? artifact) => artifact is null ? null : ContractJson.Read(artifact.Bytes, ShardState.CurrentSchema, ContractJson.Default.ShardState, "state");

    private static void Hold(bool condition, string violation) => Assert.True(condition, violation);

    private sealed record Claim(ShardState State, Artifacts Before);
}
