using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Worker;

/// <summary>What the sessions of a worker share.</summary>
/// <param name="Store">The store.</param>
/// <param name="Queue">The queue.</param>
/// <param name="Engine">The model that the worker serves.</param>
/// <param name="Options">The operator's decisions.</param>
/// <param name="Owner">The worker's name in shards' states; no other process has it.</param>
/// <param name="Time">The clock.</param>
/// <param name="Counts">What the worker has done.</param>
/// <param name="Jobs">The jobs that the worker knows.</param>
/// <param name="Finisher">Puts results together.</param>
/// <param name="Stopping">Cancelled when the worker was told to stop.</param>
internal sealed record WorkerContext(
    IArtifactStore Store,
    IJobQueue Queue,
    EngineHost Engine,
    WorkerOptions Options,
    string Owner,
    TimeProvider Time,
    WorkerCounts Counts,
    OpenJobs Jobs,
    JobFinisher Finisher,
    CancellationToken Stopping);
