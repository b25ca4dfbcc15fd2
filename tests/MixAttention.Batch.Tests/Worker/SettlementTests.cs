using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

public sealed class SettlementTests
{
    [Theory]
    [InlineData(ShardOutcomeKind.Done, 0, "complete")]
    [InlineData(ShardOutcomeKind.AlreadyDone, 0, "complete")]
    [InlineData(ShardOutcomeKind.Drained, 0, "give back at once")]
    [InlineData(ShardOutcomeKind.Drained, 99, "give back at once")]
    [InlineData(ShardOutcomeKind.LockLost, 0, "let lapse")]
    [InlineData(ShardOutcomeKind.Fenced, 0, "let lapse")]
    [InlineData(ShardOutcomeKind.Busy, 0, "give back in 5 s")]
    [InlineData(ShardOutcomeKind.OtherModel, 0, "give back in 30 s")]
    [InlineData(ShardOutcomeKind.OtherModel, 99, "give back in 30 s")]
    [InlineData(ShardOutcomeKind.OtherNumerics, 0, "give back in 30 s")]
    [InlineData(ShardOutcomeKind.EngineDead, 0, "give back in 1 s as failed")]
    [InlineData(ShardOutcomeKind.EngineDead, 3, "give back in 8 s as failed")]
    [InlineData(ShardOutcomeKind.EngineDead, 99, "give back in 300 s as failed")]
    [InlineData(ShardOutcomeKind.StoreUnavailable, 0, "give back in 1 s as failed")]
    [InlineData(ShardOutcomeKind.StoreUnavailable, 5, "give back in 32 s as failed")]
    [InlineData(ShardOutcomeKind.StoreUnavailable, 99, "give back in 300 s as failed")]
    [InlineData(ShardOutcomeKind.BadMessage, 0, "put aside bad_message: why")]
    [InlineData(ShardOutcomeKind.JobNotFound, 0, "put aside job_not_found: why")]
    [InlineData(ShardOutcomeKind.UnreadableJob, 0, "put aside unreadable_job: why")]
    [InlineData(ShardOutcomeKind.Defect, 0, "give back in 1 s as failed")]
    [InlineData(ShardOutcomeKind.Defect, 3, "give back in 8 s as failed")]
    [InlineData(ShardOutcomeKind.Defect, 4, "put aside internal_error: why")]
    internal void Message_is_settled_by_how_the_work_ended(ShardOutcomeKind kind, int failures, string settlement) =>
        Assert.Equal(settlement, Describe(Settlement.Of(new ShardOutcome(kind, "why"), failures)));

    [Fact]
    public void Every_outcome_has_a_settlement() =>
        Assert.All(Enum.GetValues<ShardOutcomeKind>(), kind => Assert.All(Enumerable.Range(0, 40), failures => Assert.NotNull(Settlement.Of(new ShardOutcome(kind), failures))));

    private static string Describe(Settlement settlement) => settlement switch
    {
        Settlement.Complete => "complete",
        Settlement.LetLapse => "let lapse",
        Settlement.PutAside aside => $"put aside {aside.Reason}: {aside.Cure}",
        Settlement.GiveBack { CountsAsFailure: var failed, Delay: var delay } => (delay == TimeSpan.Zero ? "give back at once" : $"give back in {delay.TotalSeconds} s") + (failed ? " as failed" : ""),
        _ => throw new InvalidOperationException($"{settlement} is unknown."),
    };
}
