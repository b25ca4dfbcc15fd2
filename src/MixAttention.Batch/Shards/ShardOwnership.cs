using MixAttention.Batch.Jobs;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Shards;

/// <summary>Owns a shard by the generation in its state, until somebody claims the next one.</summary>
/// <remarks>
/// The queue's lock says who should work; this says who may commit. Each guarded write asks first whether the generation still stands, so a worker that was stopped and wakes
/// up writes nothing over its successor: state and part are conditional writes, and the names of checkpoint segments hold the generation.
/// </remarks>
internal sealed class ShardOwnership
{
    private readonly IArtifactStore _store;
    private readonly string _name;
    private string _etag;

    private ShardOwnership(IArtifactStore store, string name, ShardState state, string etag)
    {
        _store = store;
        _name = name;
        _etag = etag;
        State = state;
    }

    /// <summary>Gets the state as this owner wrote it last.</summary>
    public ShardState State { get; private set; }

    /// <summary>Reads a shard's state.</summary>
    /// <returns>Null when nobody has claimed the shard yet.</returns>
    /// <exception cref="ContractException">It is another version or damaged.</exception>
    public static async Task<(ShardState State, string ETag)?> ReadAsync(IArtifactStore store, string name, CancellationToken cancellationToken)
    {
        var content = await store.ReadBytesAsync(name, cancellationToken).ConfigureAwait(false);
        return content is null ? null : (ContractJson.Read(content.Bytes, ShardState.CurrentSchema, ContractJson.Default.ShardState, name), content.ETag);
    }

    /// <summary>Claims a shard: the next generation is this owner's, and what was running when the one before it crashed is noted.</summary>
    /// <returns>Null when somebody else claimed it at the same time, or has committed it meanwhile.</returns>
    public static async Task<ShardOwnership?> ClaimAsync(IArtifactStore store, JobArtifacts artifacts, int shard, string owner, ShardHistory history, CancellationToken cancellationToken)
    {
        string name = artifacts.State(shard);
        var former = await ReadAsync(store, name, cancellationToken).ConfigureAwait(false);
        if (former is { State.Status: ShardStatus.Done } && await store.FindETagAsync(artifacts.Part(shard), cancellationToken).ConfigureAwait(false) is not null)
            return null; // A shard that is done and whose part was lost runs again.
        var claimed = former is null
            ? new ShardState { Shard = shard, Generation = 1, Owner = owner, Status = ShardStatus.Running }
            : Next(former.Value.State, owner, history);
        byte[] json = ContractJson.Write(claimed, ContractJson.Default.ShardState);
        string? etag = former is null
            ? await store.PutIfAbsentAsync(name, json, cancellationToken).ConfigureAwait(false)
            : await store.PutIfMatchAsync(name, former.Value.ETag, json, cancellationToken).ConfigureAwait(false);
        return etag is null ? null : new ShardOwnership(store, name, claimed, etag);
    }

    /// <summary>Makes sure that the shard is still this owner's.</summary>
    /// <exception cref="FencedException">It is not.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var found = await ReadAsync(_store, _name, cancellationToken).ConfigureAwait(false);
        if (found is not { } now || now.State.Generation != State.Generation || now.State.Owner != State.Owner)
            throw new FencedException(State.Shard, State.Generation);
    }

    /// <summary>Notes that the shard's part is committed.</summary>
    /// <exception cref="FencedException">The shard is not this owner's any more.</exception>
    public async Task FinishAsync(ShardCounts counts, string partSha256, CancellationToken cancellationToken)
    {
        var done = State with { Status = ShardStatus.Done, Counts = counts, PartSha256 = partSha256 };
        _etag = await _store.PutIfMatchAsync(_name, _etag, ContractJson.Write(done, ContractJson.Default.ShardState), cancellationToken).ConfigureAwait(false)
            ?? throw new FencedException(State.Shard, State.Generation);
        State = done;
    }

    /// <summary>Makes the state of the next owner. A generation crashed unless it drained, or this very process owned it: that one is alive.</summary>
    private static ShardState Next(ShardState former, string owner, ShardHistory history)
    {
        var next = former with { Generation = former.Generation + 1, Owner = owner, Status = ShardStatus.Running };
        if (former.Status == ShardStatus.Done || former.Owner == owner || history.IsDrained(former.Generation))
            return next;
        var suspects = former.Suspects.ToDictionary(s => s.Row);
        foreach (var (row, wasAlone) in history.Unfinished(former.Generation))
        {
            var suspect = suspects.GetValueOrDefault(row, new SuspectRow(row, 0, 0));
            suspects[row] = suspect with { Crashes = suspect.Crashes + 1, CrashesAlone = suspect.CrashesAlone + (wasAlone ? 1 : 0) };
        }

        return next with { Crashes = former.Crashes + 1, Suspects = [.. suspects.Values.Where(s => !history.Finished.ContainsKey(s.Row)).OrderBy(s => s.Row)] };
    }
}

/// <summary>Tells an owner that its shard has another owner by now.</summary>
internal sealed class FencedException(int shard, int generation) : Exception($"Shard {shard} has a later owner than generation {generation}.");
