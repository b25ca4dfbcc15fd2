using MixAttention.Batch.Azure.Resilience;
using Polly;
using Polly.CircuitBreaker;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Makes the calls to a container: each try within its time, repeated as <see cref="CloudRetry"/> says, and not at all for a while after many have failed.</summary>
internal sealed class BlobCalls
{
    private readonly BlobFailures _failures;
    private readonly ResiliencePipeline _pipeline;
    private long _retries;

    /// <param name="failures">Tells what may pass.</param>
    /// <param name="options">How long a try may take.</param>
    /// <param name="time">The clock of pauses and limits.</param>
    /// <param name="inject">Adds faults; only for tests.</param>
    public BlobCalls(BlobFailures failures, BlobStoreOptions options, TimeProvider time, Action<ResiliencePipelineBuilder>? inject = null)
    {
        _failures = failures;
        var builder = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(CloudRetry.Options(failures.IsTransient, BlobFailures.PauseOf, options.FirstPause, () => Interlocked.Increment(ref _retries)))
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = attempt => ValueTask.FromResult(failures.IsTransient(attempt.Outcome.Exception)),
                FailureRatio = 0.9,
                MinimumThroughput = 20,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = TimeSpan.FromSeconds(5),
            })
            .AddTimeout(options.CallTimeout);
        inject?.Invoke(builder);
        _pipeline = builder.Build();
    }

    /// <summary>Gets how many tries were made again.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Makes a call.</summary>
    /// <exception cref="Exception">What the last try ended with: <see cref="ExplainedAsync"/> makes it the store's.</exception>
    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var result = await _pipeline.ExecuteAsync(async stop => await call(stop).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        _failures.NoteSuccess();
        return result;
    }

    /// <summary>Does something that makes calls, and explains their failures.</summary>
    /// <param name="action">What is attempted, as in "write NAME".</param>
    /// <param name="work">Does it.</param>
    /// <exception cref="Store.StoreException">A call failed for good.</exception>
    public async Task<T> ExplainedAsync<T>(string action, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (BlobFailures.IsFailure(e))
        {
            throw _failures.Explain(action, e);
        }
    }
}
