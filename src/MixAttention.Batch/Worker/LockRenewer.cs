using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Worker;

/// <summary>Keeps a delivery's lock while its shard is worked on, and tells when it is lost.</summary>
/// <remarks>Runs beside everything else. Time is measured by a clock that only runs forward: the queue's clock may be another one, and clocks are set.</remarks>
internal sealed class LockRenewer : IAsyncDisposable
{
    private readonly IJobQueue _queue;
    private readonly JobDelivery _delivery;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _renewing;

    /// <summary>Starts to renew.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="delivery">The delivery.</param>
    /// <param name="time">The clock.</param>
    public LockRenewer(IJobQueue queue, JobDelivery delivery, TimeProvider time)
    {
        _queue = queue;
        _delivery = delivery;
        _time = time;
        _renewing = RenewAsync(time.GetTimestamp());
    }

    /// <summary>Gets what is cancelled when the lock is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Stops to renew.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
        _stop.Dispose();
        _lost.Dispose();
    }

    private async Task RenewAsync(long lockedAt)
    {
        var period = _queue.LockDuration / 3;
        try
        {
            while (true)
            {
                await Task.Delay(period, _time, _stop.Token).ConfigureAwait(false);
                long asked = _time.GetTimestamp();
                try
                {
                    await _queue.RenewAsync(_delivery, _stop.Token).ConfigureAwait(false);
                    lockedAt = asked;
                    period = _queue.LockDuration / 3;
                }
                catch (QueueException) when (_time.GetElapsedTime(lockedAt) < _queue.LockDuration)
                {
                    // Nobody knows whether it was renewed: asked again, soon, while the lock stands in any case.
                    period = _queue.LockDuration / 20;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The shard is settled.
        }
        catch (Exception e) when (e is LockLostException or QueueException)
        {
            await _lost.CancelAsync().ConfigureAwait(false);
        }
    }
}
