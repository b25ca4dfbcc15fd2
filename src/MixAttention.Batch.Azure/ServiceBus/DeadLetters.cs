using System.Globalization;
using System.Runtime.CompilerServices;
using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>The messages put aside, which lie in the queue's dead-letter queue.</summary>
/// <param name="connections">The connections; stay the caller's.</param>
/// <param name="pipelines">How calls are tried.</param>
/// <param name="options">The operator's decisions.</param>
internal sealed class DeadLetters(BusConnections connections, ServiceBusPipelines pipelines, ServiceBusQueueOptions options)
{
    private const int PageSize = 100;

    /// <summary>Looks at all, the oldest first, without locking any.</summary>
    public IAsyncEnumerable<ServiceBusReceivedMessage> PeekAsync(CancellationToken cancellationToken) => PeekAllAsync(connections.Current.DeadLetters, cancellationToken);

    /// <summary>Looks at all messages that a receiver could get, locked and delayed ones among them.</summary>
    public async IAsyncEnumerable<ServiceBusReceivedMessage> PeekAllAsync(ServiceBusReceiver receiver, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long next = 0; ;)
        {
            var page = await pipelines.Calls.ExecuteAsync(
                async token => await receiver.PeekMessagesAsync(PageSize, next, token).WaitAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            foreach (var message in page)
                yield return message;
            if (page.Count == 0)
                yield break;
            next = page[^1].SequenceNumber + 1;
        }
    }

    /// <summary>Takes one out.</summary>
    /// <param name="id">Which.</param>
    /// <param name="before">What is done with it before it goes; if that fails, it stays.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>False when it is not there.</returns>
    /// <exception cref="QueueException">Somebody else has it in hand.</exception>
    public async Task<bool> TakeAsync(string id, Func<ServiceBusReceivedMessage, Task> before, CancellationToken cancellationToken)
    {
        if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence))
            return false;
        // A receiver of its own: closed, it takes back the credit for more messages than it wants.
        var receiver = connections.Current.OpenDeadLetters();
        await using var _ = receiver.ConfigureAwait(false);
        if ((await receiver.PeekMessageAsync(sequence, cancellationToken).ConfigureAwait(false))?.SequenceNumber != sequence)
            return false;

        // No message can be asked for by its number: all before it are locked, looked at and let go.
        var others = new List<ServiceBusReceivedMessage>();
        try
        {
            while (true)
            {
                var batch = await receiver.ReceiveMessagesAsync(PageSize, options.CallTimeout, CancellationToken.None).ConfigureAwait(false);
                others.AddRange(batch.Where(m => m.SequenceNumber != sequence));
                if (batch.FirstOrDefault(m => m.SequenceNumber == sequence) is { } found)
                {
                    await before(found).ConfigureAwait(false);
                    await receiver.CompleteMessageAsync(found, CancellationToken.None).ConfigureAwait(false);
                    return true;
                }

                if (batch.Count == 0)
                    throw new QueueException($"The message {id} that was put aside is in another's hands. Try again in some minutes.", isTransient: true);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await Task.WhenAll(others.Select(m => receiver.AbandonMessageAsync(m, cancellationToken: CancellationToken.None))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
