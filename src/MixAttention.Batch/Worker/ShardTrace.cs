using System.Globalization;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Worker;

/// <summary>Writes down what this owner of a shard does, for people: no result depends on it.</summary>
/// <param name="worker">What the worker's sessions share.</param>
/// <param name="delivery">The message.</param>
/// <param name="job">The job.</param>
/// <param name="state">The shard's state, as claimed.</param>
/// <param name="history">What former owners had finished.</param>
/// <param name="feed">The engine.</param>
internal sealed class ShardTrace(WorkerContext worker, JobDelivery delivery, OpenJob job, ShardState state, ShardHistory history, EngineFeed feed)
{
    // A store that is slow must not keep results waiting.
    private static readonly TimeSpan TimeToWrite = TimeSpan.FromSeconds(10);

    private readonly DateTimeOffset _startedAt = worker.Time.GetUtcNow();

    /// <summary>Writes the trace, behind those of former owners.</summary>
    /// <param name="requests">The shard's requests.</param>
    /// <param name="run">What became of them.</param>
    /// <param name="isWhole">Whether all of them have lines; else the worker drains.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public Task WriteAsync(IReadOnlyList<BatchRequest> requests, ShardRun run, bool isWhole, CancellationToken cancellationToken)
    {
        string name = job.Artifacts.Trace(state.Shard);
        return new BestEffort(worker.Time, worker.Options.Log).TryAsync(
            name,
            TimeToWrite,
            stop => TraceFile.AppendAsync(worker.Store, name, TraceFile.Write(worker.Owner, Describe(requests, run, isWhole)), stop),
            cancellationToken);
    }

    private IEnumerable<OtlpSpan> Describe(IReadOnlyList<BatchRequest> requests, ShardRun run, bool isWhole)
    {
        var engine = worker.Engine.Log.Drain();
        var lines = run.Lines.ToDictionary(l => l.Row);
        var shard = new ShardSpan
        {
            JobId = job.Manifest.JobId,
            Shard = state.Shard,
            Generation = state.Generation,
            StartedAt = _startedAt,
            EndedAt = worker.Time.GetUtcNow(),
            Rows = requests.Count,
            ResumedRows = requests.Count(r => history.Finished.ContainsKey(r.Row)),
            IsWhole = isWhole,
            MaxSequences = worker.Engine.Model.Engine.MaxSequences,
            KvBudget = feed.Info.KvBytes,
            NumericsVersion = feed.Info.NumericsVersion,
            Engine = engine.Intervals,
        };
        yield return shard.ToSpan(DescribeDelivery(engine.DroppedSteps), [SpanPlace.OfJob(shard.JobId).Link(), .. SpanPlace.LinkTo(delivery.Message?.Traceparent) is { } link ? [link] : Array.Empty<OtlpLink>()]);
        foreach (var request in requests)
        {
            foreach (var span in DescribeRequest(request, lines.GetValueOrDefault(request.Row), run, shard))
                yield return span;
        }

        foreach (var step in engine.Steps)
            yield return step.ToSpan(SpanPlace.OfEngine(worker.Owner));
    }

    private OtlpAttributes DescribeDelivery(long droppedSteps) => new()
    {
        { TraceNames.MessagingSystem, TraceNames.Product },
        { TraceNames.MessagingOperationName, "process" },
        { TraceNames.MessagingOperationType, "process" },
        { TraceNames.MessageId, delivery.MessageId },
        { TraceNames.ConversationId, job.Manifest.JobId },
        { TraceNames.DeliveryCount, delivery.DeliveryCount },
        { TraceNames.EnqueuedTime, delivery.EnqueuedAt.ToString("O", CultureInfo.InvariantCulture) },
        { TraceNames.StepsDropped, droppedSteps },
    };

    /// <summary>Describes a request that this owner brought further; what a former one did stands in its own lines.</summary>
    private IEnumerable<OtlpSpan> DescribeRequest(BatchRequest request, ResultLine? line, ShardRun run, ShardSpan shard)
    {
        FinishedCall[] calls = [.. (run.Calls.GetValueOrDefault(request.Row)?.Finished ?? []).Where(c => c.Result.Timings.Total > TimeSpan.Zero)]; // Others were cancelled before the engine had them.
        if (calls.Length == 0 && line?.IsFailure != true)
            yield break;
        var document = calls.Length == 0
            ? new DocumentSpan(request, line?.ErrorCode, shard.EndedAt, shard.EndedAt)
            : new DocumentSpan(request, line?.ErrorCode, calls.Min(c => c.SubmittedAt), calls.Max(c => c.SubmittedAt + c.Result.Timings.Total));
        yield return document.ToSpan(shard.Place);
        string operation = job.Manifest.Input.Kind == JobInput.Rows && line is not null && RecordJson.Read(line.Bytes.Span)?.Response?.Body.Kind == "text_completion" ? "text_completion" : "chat";
        foreach (var call in calls)
            yield return CallSpan.Of(request.Row, call.Id, call.SubmittedAt, call.Result).ToSpan(document.PlaceIn(shard.Place), operation, job.Manifest.ModelName, call.Sampling);
    }
}
