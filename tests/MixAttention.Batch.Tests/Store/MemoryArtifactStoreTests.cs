using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support.Stepping;

namespace MixAttention.Batch.Tests.Store;

/// <summary>Runs the store's suite on the store of tests that copy it.</summary>
public sealed class MemoryArtifactStoreTests : ArtifactStoreSuite
{
    private readonly MemoryArtifactStore _store = new();

    protected override IArtifactStore Open() => _store;

    protected override ValueTask CleanUpAsync() => ValueTask.CompletedTask;
}
