using MixAttention.Batch.Jobs;
using Polly;
using Polly.Simmy;
using Polly.Simmy.Fault;
using Polly.Simmy.Latency;

namespace MixAttention.Batch.Tests.Support.Faults;

/// <summary>A moment of a call to a store or a queue.</summary>
/// <param name="Verb">The method's name.</param>
/// <param name="About">The artifact or message; empty where there is none.</param>
/// <param name="IsAfter">Whether the call has taken effect; a fault then is a lost reply.</param>
public sealed record CallPoint(string Verb, string About, bool IsAfter)
{
    private static readonly string[] Readers = ["ReadAsync", "ListAsync", "CountAsync", "ListAsideAsync"];

    /// <summary>Gets whether the call changes anything that others see.</summary>
    public bool IsEffect => !Readers.Contains(Verb);

    /// <summary>Gets verb and artifact, without the job's name.</summary>
    public string Step =>
        $"{Verb.Replace("Async", "", StringComparison.Ordinal)} {(About.StartsWith(JobArtifacts.Jobs, StringComparison.Ordinal) ? About[(About.IndexOf('/', JobArtifacts.Jobs.Length) + 1)..] : "")}";
}

/// <summary>Delays and fails calls before they are made and after they have taken effect.</summary>
/// <param name="strike">Runs at every point of every call: what it waits for delays the call, what it throws is what the caller sees.</param>
public sealed class CallFaults(Func<CallPoint, CancellationToken, ValueTask> strike)
{
    /// <summary>Strikes at random.</summary>
    /// <param name="seed">Calls made in the same order meet the same faults.</param>
    /// <param name="rate">How often a point is delayed, and how often it fails: 0 to 1.</param>
    /// <param name="longestDelay">Delays are between zero and this.</param>
    /// <param name="fault">Makes the exception from the text of a point.</param>
    /// <param name="time">The clock of the delays.</param>
    public static CallFaults Chaos(int seed, double rate, TimeSpan longestDelay, Func<string, Exception> fault, TimeProvider time)
    {
        var random = new Random(seed);
        double Next()
        {
            lock (random)
                return random.NextDouble();
        }

        var chaos = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddChaosLatency(new ChaosLatencyStrategyOptions { InjectionRate = rate, Randomizer = Next, LatencyGenerator = _ => new ValueTask<TimeSpan>(longestDelay * Next()) })
            .AddChaosFault(new ChaosFaultStrategyOptions { InjectionRate = rate, Randomizer = Next, FaultGenerator = a => new ValueTask<Exception?>(fault(a.Context.OperationKey!)) }) // Set below.
            .Build();
        return new CallFaults(async (point, cancellationToken) =>
        {
            var context = ResilienceContextPool.Shared.Get(point.ToString(), cancellationToken);
            await chaos.ExecuteAsync(_ => ValueTask.CompletedTask, context);
            ResilienceContextPool.Shared.Return(context);
        });
    }

    /// <summary>Strikes once.</summary>
    /// <param name="isIt">Which points count.</param>
    /// <param name="occurrence">Which of those is struck, from 1.</param>
    /// <param name="fault">Makes the exception.</param>
    public static CallFaults Once(Func<CallPoint, bool> isIt, int occurrence, Func<Exception> fault)
    {
        int count = 0;
        return new CallFaults((point, _) => isIt(point) && Interlocked.Increment(ref count) == occurrence ? throw fault() : ValueTask.CompletedTask);
    }

    /// <summary>Makes a call between its two points.</summary>
    public async Task<T> CallAsync<T>(string verb, string about, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        await strike(new CallPoint(verb, about, IsAfter: false), cancellationToken);
        var result = await call();
        await strike(new CallPoint(verb, about, IsAfter: true), CancellationToken.None); // What has taken effect is not cancelled.
        return result;
    }

    /// <inheritdoc cref="CallAsync{T}" />
    public Task CallAsync(string verb, string about, Func<Task> call, CancellationToken cancellationToken) =>
        CallAsync(
            verb,
            about,
            async () =>
            {
                await call();
                return true;
            },
            cancellationToken);
}
