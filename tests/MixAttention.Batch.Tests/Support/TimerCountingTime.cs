using Microsoft.Extensions.Time.Testing;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A clock that tests move, and that tells when somebody has begun to wait by it.</summary>
internal sealed class TimerCountingTime : FakeTimeProvider
{
    public SemaphoreSlim TimersMade { get; } = new(0);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        TimersMade.Release();
        return timer;
    }
}
