using System.Security.Cryptography;
using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Azure.Resilience;
using Polly;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>How often and how long every call to the service is tried: the SDK itself repeats nothing, so that tries are counted in one place.</summary>
internal sealed class ServiceBusPipelines
{
    // The SDK lets no call through in the ten seconds after the service said that it is busy.
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(10.2);
    private const int BusySpreadMilliseconds = 3000;

    /// <param name="failures">Tells what may pass.</param>
    /// <param name="options">How long a try may take.</param>
    /// <remarks>Pauses and limits are by the machine's clock, as the SDK's own are.</remarks>
    public ServiceBusPipelines(ServiceBusFailures failures, ServiceBusQueueOptions options)
    {
        var retry = CloudRetry.Options(failures.IsTransient, failure => IsBusy(failure) ? BusyPause + Spread() : null, CloudRetry.FirstPause);
        Receives = new ResiliencePipelineBuilder().AddRetry(retry).Build();
        Calls = new ResiliencePipelineBuilder().AddRetry(retry).AddTimeout(options.CallTimeout).Build();
        Renewals = new ResiliencePipelineBuilder().AddTimeout(Shorter(options.CallTimeout, options.LockDuration / 6)).Build();
    }

    /// <summary>Gets the pipeline of calls that answer at once.</summary>
    public ResiliencePipeline Calls { get; }

    /// <summary>Gets the pipeline of receives, which take as long as they wait.</summary>
    public ResiliencePipeline Receives { get; }

    /// <summary>Gets the pipeline of renewals: one try, since a holder asks again soon while its lock stands in any case.</summary>
    public ResiliencePipeline Renewals { get; }

    private static bool IsBusy(Exception? failure) => failure is ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy };

    // Workers that were turned away together do not come back together.
    private static TimeSpan Spread() => TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(BusySpreadMilliseconds));

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
