using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Tests.Tracing;

public sealed class BestEffortTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly List<string> _log = [];
    private readonly FakeTimeProvider _time = new();

    private BestEffort Effort => new(_time, _log.Add);

    [Fact]
    public async Task Failure_is_said_and_forgotten()
    {
        await Effort.TryAsync("The trace", Limit, _ => throw new InvalidOperationException("The disk is full."), CancellationToken.None);
        Assert.Equal(["The trace was not written: The disk is full. No result depends on it."], _log);
    }

    [Fact]
    public async Task What_takes_too_long_is_given_up()
    {
        var trying = Effort.TryAsync("The trace", Limit, stop => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop), CancellationToken.None);
        _time.Advance(Limit);
        await trying.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(["The trace was not written: it took more than 10 seconds. No result depends on it."], _log);
    }

    [Fact]
    public async Task Cancellation_is_the_caller_s()
    {
        using var stop = new CancellationTokenSource();
        var trying = Effort.TryAsync("The trace", Limit, either => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, either), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trying);
        Assert.Empty(_log);
    }
}
