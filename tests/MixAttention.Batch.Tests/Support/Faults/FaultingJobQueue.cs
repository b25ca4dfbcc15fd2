using System.Runtime.CompilerServices;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Support.Faults;

/// <summary>A queue whose calls are delayed, fail, or take effect and lose their reply: a message that is received so stays locked until its lock runs out.</summary>
public sealed class FaultingJobQueue(IJobQueue inner, CallFaults faults) : IJobQueue
{
    /// <inheritdoc />
    public TimeSpan LockDuration => inner.LockDuration;

    /// <summary>Makes the exception of an outage.</summary>
    public static Exception Outage(string point) => new QueueException($"The test's queue fails at {point}. Try again.", isTransient: true);

    public Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(SendAsync), message.MessageId, () => inner.SendAsync(message, delay, cancellationToken), cancellationToken);

    public Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(ReceiveAsync), "", () => inner.ReceiveAsync(wait, cancellationToken), cancellationToken);

    public Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(RenewAsync), delivery.MessageId, () => inner.RenewAsync(delivery, cancellationToken), cancellationToken);

    public Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(CompleteAsync), delivery.MessageId, () => inner.CompleteAsync(delivery, cancellationToken), cancellationToken);

    public Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(GiveBackAsync), delivery.MessageId, () => inner.GiveBackAsync(delivery, delay, countsAsFailure, cancellationToken), cancellationToken);

    public Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(PutAsideAsync), delivery.MessageId, () => inner.PutAsideAsync(delivery, reason, cure, cancellationToken), cancellationToken);

    public Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(CountAsync), "", () => inner.CountAsync(cancellationToken), cancellationToken);

    public async IAsyncEnumerable<AsideMessage> ListAsideAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var listing = await faults.CallAsync(nameof(ListAsideAsync), "", () => Task.FromResult(inner.ListAsideAsync(cancellationToken)), cancellationToken);
        await foreach (var message in listing)
            yield return message;
    }

    public Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(ResendAsync), message.MessageId, () => inner.ResendAsync(message, cancellationToken), cancellationToken);

    public Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default) =>
        faults.CallAsync(nameof(DropAsync), message.MessageId, () => inner.DropAsync(message, cancellationToken), cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
