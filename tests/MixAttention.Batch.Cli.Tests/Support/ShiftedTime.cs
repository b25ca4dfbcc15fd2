namespace MixAttention.Batch.Cli.Tests.Support;

/// <summary>The machine's clock, set forward: by it the locks of processes that died a moment ago have run out.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
}
