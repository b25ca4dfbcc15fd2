using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>A queue whose looks are believed only when there is nothing to see, so that they may be short and a busy machine changes no result.</summary>
/// <param name="inner">The queue.</param>
/// <param name="isEmpty">Whether there is nothing to receive.</param>
internal sealed class PatientQueue(IJobQueue inner, Func<Task<bool>> isEmpty) : IJobQueue
{
    private const int MostLooks = 300;

    public TimeSpan LockDuration => inner.LockDuration;

    public async Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default)
    {
        for (int looks = 0; looks < MostLooks; looks++)
        {
            var delivery = await inner.ReceiveAsync(wait, cancellationToken);
            if (delivery is not null || wait > TimeSpan.Zero || await isEmpty())
                return delivery;
        }

        throw new InvalidOperationException("A message is on its way to a receiver and never arrives.");
    }

    public Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default) => inner.SendAsync(message, delay, cancellationToken);

    public Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default) => inner.RenewAsync(delivery, cancellationToken);

    public Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default) => inner.CompleteAsync(delivery, cancellationToken);

    public Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default) =>
        inner.GiveBackAsync(delivery, delay, countsAsFailure, cancellationToken);

    public Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default) =>
        inner.PutAsideAsync(delivery, reason, cure, cancellationToken);

    public Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default) => inner.CountAsync(cancellationToken);

    public IAsyncEnumerable<AsideMessage> ListAsideAsync(CancellationToken cancellationToken = default) => inner.ListAsideAsync(cancellationToken);

    public Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default) => inner.ResendAsync(message, cancellationToken);

    public Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default) => inner.DropAsync(message, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
