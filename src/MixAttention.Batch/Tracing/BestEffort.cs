namespace MixAttention.Batch.Tracing;

/// <summary>Does what is good to have and must never fail a shard or a job: traces and reports.</summary>
/// <param name="time">The clock.</param>
/// <param name="log">Takes a line about what could not be done.</param>
internal sealed class BestEffort(TimeProvider time, Action<string> log)
{
    /// <summary>Does it, in a limited time; what goes wrong is said and forgotten.</summary>
    /// <param name="what">Its name, for a person.</param>
    /// <param name="limit">The time that it may take.</param>
    /// <param name="doAsync">What to do.</param>
    /// <param name="cancellationToken">Ends it, as any other work is ended.</param>
    public async Task TryAsync(string what, TimeSpan limit, Func<CancellationToken, Task> doAsync, CancellationToken cancellationToken)
    {
        using var inTime = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(inTime.Token, cancellationToken);
        try
        {
            await doAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever went wrong, no result may depend on it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            string why = inTime.IsCancellationRequested ? $"it took more than {limit.TotalSeconds:0} seconds" : e.Message.TrimEnd('.');
            log($"{what} was not written: {why}. No result depends on it.");
        }
    }
}
