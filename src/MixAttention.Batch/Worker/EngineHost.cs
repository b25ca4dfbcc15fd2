using MixAttention.Batch.Models;
using MixAttention.Batch.Tracing;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Loads a model when it is needed first, and keeps its engine.</summary>
/// <param name="model">The model; stays the caller's.</param>
/// <param name="time">The clock.</param>
public sealed class EngineHost(WorkerModel model, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _loading = new(1);
    private readonly Lazy<Task<ModelDigest>> _digest = new(() => model.Digest(CancellationToken.None));
    private EngineFeed? _feed;

    /// <summary>Gets the model.</summary>
    public WorkerModel Model => model;

    /// <summary>Gets the engine's state; may be read while it runs.</summary>
    public EngineSnapshot Snapshot => _feed?.Snapshot ?? new EngineSnapshot();

    /// <summary>Loads the model, unless that has been done.</summary>
    /// <returns>What was loaded.</returns>
    /// <exception cref="EngineException">The model could not be loaded.</exception>
    public async Task<EngineInfo> LoadAsync(CancellationToken cancellationToken) => (await GetFeedAsync(cancellationToken).ConfigureAwait(false)).Info;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_feed is not null)
            await _feed.DisposeAsync().ConfigureAwait(false);
        _loading.Dispose();
    }

    /// <summary>Gets the engine, if the model was loaded.</summary>
    internal EngineFeed? Feed => _feed;

    /// <summary>Gets what the engine did since somebody last wrote it down.</summary>
    internal EngineLog Log { get; } = new(model.TracesSteps);

    /// <summary>Gets the engine, loaded.</summary>
    internal async Task<EngineFeed> GetFeedAsync(CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _feed ??= await EngineFeed.StartAsync(model.Text, model.Engine, time, Log.Add, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Gets the digests of the model's files, computed once.</summary>
    internal Task<ModelDigest> DigestAsync(CancellationToken cancellationToken) => _digest.Value.WaitAsync(cancellationToken);
}
