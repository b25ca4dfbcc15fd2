namespace MixAttention.Batch.Models;

/// <summary>A clock that stands still: chat templates that write the date write the job's, so that results do not depend on when they were computed.</summary>
internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
