using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>Hands out messages without locks: whoever has such a queue of its own works on a message whatever others do, as one does whose lock has run out.</summary>
internal sealed class MemoryJobQueue : IJobQueue
{
    private readonly Queue<JobMessage> _messages = new();

    public TimeSpan LockDuration { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the messages that are still to be received.</summary>
    public IReadOnlyCollection<JobMessage> Messages => _messages;

    /// <summary>Gets the ids of the messages that were completed.</summary>
    public List<string> Completed { get; } = [];

    /// <summary>Gets the messages that were given back or put aside, and why.</summary>
    public List<string> Returned { get; } = [];

    public Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default)
    {
        _messages.Enqueue(message);
        return Task.CompletedTask;
    }

    public Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default) => Task.FromResult(
        _messages.TryDequeue(out var message) ? new JobDelivery(message.MessageId, message, null, "lock", DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch, 1, 0) : null);

    public Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default) => Task.FromResult(DateTimeOffset.MaxValue);

    public Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default)
    {
        Completed.Add(delivery.MessageId);
        return Task.CompletedTask;
    }

    public Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default)
    {
        Returned.Add(countsAsFailure ? "as failed" : "unharmed");
        return Task.CompletedTask;
    }

    public Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default)
    {
        Returned.Add($"{reason}: {cure}");
        return Task.CompletedTask;
    }

    public Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default) => Task.FromResult(new QueueCounts(_messages.Count, 0, 0, 0));

    public IAsyncEnumerable<AsideMessage> ListAsideAsync(CancellationToken cancellationToken = default) => AsyncEnumerable.Empty<AsideMessage>();

    public Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default) => Task.FromResult(false);

    public Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default) => Task.FromResult(false);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
