using Polly;
using Polly.Retry;

namespace MixAttention.Batch.Azure.Resilience;

/// <summary>How a call to a service of a cloud is repeated: the one place, since the SDKs' own retries are switched off.</summary>
internal static class CloudRetry
{
    /// <summary>How often a call is repeated.</summary>
    public const int Retries = 4;

    /// <summary>The pause before the first repetition.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Makes the strategy: pauses that double, spread at random so that workers that were turned away together do not come back together.</summary>
    /// <param name="isTransient">Whether a failure may pass by itself.</param>
    /// <param name="pause">How long the service asked to wait; null where it did not say.</param>
    /// <param name="firstPause">The pause before the first repetition; <see cref="FirstPause"/> but in tests.</param>
    /// <param name="onRetry">Counts.</param>
    public static RetryStrategyOptions Options(Func<Exception?, bool> isTransient, Func<Exception?, TimeSpan?> pause, TimeSpan firstPause, Action? onRetry = null) => new()
    {
        ShouldHandle = attempt => ValueTask.FromResult(isTransient(attempt.Outcome.Exception)),
        MaxRetryAttempts = Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = firstPause,
        MaxDelay = LongestPause,
        DelayGenerator = attempt => ValueTask.FromResult(pause(attempt.Outcome.Exception)),
        OnRetry = _ =>
        {
            onRetry?.Invoke();
            return ValueTask.CompletedTask;
        },
    };
}
