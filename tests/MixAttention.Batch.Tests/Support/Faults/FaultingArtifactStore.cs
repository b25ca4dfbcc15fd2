using System.Runtime.CompilerServices;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Support.Faults;

/// <summary>A store whose calls are delayed, fail, or take effect and lose their reply.</summary>
public sealed class FaultingArtifactStore(IArtifactStore inner, CallFaults faults) : IArtifactStore
{
    /// <summary>Makes the exception of an outage.</summary>
    public static Exception Outage(string point) => new StoreException($"The test's store fails at {point}. Try again.", isTransient: true);

    public async Task<ArtifactContent?> ReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArtifactContent? content = null;
        try
        {
            return await faults.CallAsync(nameof(ReadAsync), name, async () => content = await inner.ReadAsync(name, offset, length, cancellationToken), cancellationToken);
        }
        catch when (content is not null)
        {
            await content.DisposeAsync();
            throw;
        }
    }

    public Task<string?> PutIfAbsentAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(PutIfAbsentAsync), name, () => inner.PutIfAbsentAsync(name, write, cancellationToken), cancellationToken);

    public Task<string?> PutIfMatchAsync(string name, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(PutIfMatchAsync), name, () => inner.PutIfMatchAsync(name, etag, write, cancellationToken), cancellationToken);

    public async IAsyncEnumerable<ArtifactInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var listing = await faults.CallAsync(nameof(ListAsync), prefix, () => Task.FromResult(inner.ListAsync(prefix, cancellationToken)), cancellationToken);
        await foreach (var artifact in listing)
            yield return artifact;
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(DeleteAsync), name, () => inner.DeleteAsync(name, cancellationToken), cancellationToken);
}
