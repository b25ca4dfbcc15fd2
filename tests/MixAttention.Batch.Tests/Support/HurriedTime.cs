namespace MixAttention.Batch.Tests.Support;

/// <summary>The machine's clock, running a hundred times as fast: pauses, renewals and checkpoints of a test come soon and often.</summary>
internal sealed class HurriedTime : TimeProvider
{
    private const int Speed = 100;

    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _startTime = System.GetUtcNow();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => (System.GetTimestamp() - _start) * Speed;

    public override DateTimeOffset GetUtcNow() => _startTime + GetElapsedTime(0);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, Hurry(dueTime), Hurry(period));

    private static TimeSpan Hurry(TimeSpan time) => time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Max(1, time.TotalMilliseconds / Speed)); // Infinite is negative.
}
