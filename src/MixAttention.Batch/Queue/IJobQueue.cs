using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Queue;

/// <summary>Hands out messages, each to one receiver at a time, until somebody completes them.</summary>
/// <remarks>
/// <para>A receiver holds a message by a lock that runs out: what is neither renewed nor settled in time is delivered again. So a message is delivered at least once.</para>
/// <para>A lock says who should work, not who may commit: its holder may have been stopped and not know that the lock is gone.</para>
/// <para>A delivery is renewed and settled through the object that received it.</para>
/// <para>Every call may throw <see cref="QueueException"/>, and may have taken effect all the same.</para>
/// <para>Safe for use from several threads, processes and machines at once, as far as the queue reaches.</para>
/// </remarks>
public interface IJobQueue : IAsyncDisposable
{
    /// <summary>Gets how long a lock lasts from its delivery or renewal.</summary>
    /// <remarks>Holders time their renewals by this and a clock that only runs forward, not by <see cref="JobDelivery.LockedUntil"/>: the machines' clocks may differ or be set.</remarks>
    TimeSpan LockDuration { get; }

    /// <summary>Adds a message.</summary>
    /// <param name="message">
    /// The message; ignored while one with its <see cref="JobMessage.MessageId"/> is in the queue and not put aside. A queue that knows ids by when they were sent ignores it for
    /// some minutes after the sending of the first, also where that one is settled or put aside by then, and takes it afterwards, also where that one is still there.
    /// </param>
    /// <param name="delay">How long it is kept back; nothing unless set.</param>
    /// <param name="cancellationToken">Stops the sending.</param>
    /// <exception cref="ArgumentException">The message breaks a rule of <see cref="JobMessageBody"/>, or the delay is negative.</exception>
    Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default);

    /// <summary>Receives the next message and locks it.</summary>
    /// <param name="wait">How long to wait for one; zero only looks, which takes a second where the queue is far away.</param>
    /// <param name="cancellationToken">Ends the waiting. A message that arrives at that moment is returned or stays in the queue.</param>
    /// <returns>The message; null when none came.</returns>
    /// <exception cref="OperationCanceledException">The waiting was ended, and no message was locked.</exception>
    Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>Prolongs a lock by <see cref="LockDuration"/> from now.</summary>
    /// <returns>When it runs out, by the queue's clock.</returns>
    /// <exception cref="LockLostException">The lock ran out or the message was settled.</exception>
    Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default);

    /// <summary>Removes a message whose work is done.</summary>
    /// <exception cref="LockLostException">The lock ran out or the message was settled; whoever receives it next finds the work done.</exception>
    Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default);

    /// <summary>Unlocks a message for another receiver.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="delay">How long the message is kept back.</param>
    /// <param name="countsAsFailure">Whether <see cref="JobDelivery.FailureCount"/> rises; <see cref="JobDelivery.DeliveryCount"/> rises with the next delivery anyway.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <exception cref="LockLostException">The lock ran out or the message was settled.</exception>
    Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default);

    /// <summary>Moves a message, as it is, to those that wait for a person.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="reason">Why nobody should receive it.</param>
    /// <param name="cure">What a person can do.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <exception cref="LockLostException">The lock ran out or the message was settled.</exception>
    Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default);

    /// <summary>Counts the messages.</summary>
    Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default);

    /// <summary>Lists the messages put aside, the oldest first.</summary>
    IAsyncEnumerable<AsideMessage> ListAsideAsync(CancellationToken cancellationToken = default);

    /// <summary>Puts a message put aside back into the queue, with its counts at zero.</summary>
    /// <returns>False when it is not there any more.</returns>
    /// <remarks>Where a message with its id is in the queue by now, the one put aside may be dropped.</remarks>
    Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default);

    /// <summary>Removes a message put aside.</summary>
    /// <returns>False when it is not there any more.</returns>
    Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default);
}
