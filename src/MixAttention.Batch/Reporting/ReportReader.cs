using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>Reads what a job's report shows from its results and traces, one line after the other: memory does not grow with the job.</summary>
internal sealed class ReportReader(IArtifactStore store, JobManifest manifest)
{
    private const int CallsShown = 600;
    private const int StepsShown = 2000;
    private const int LongestShown = 12;
    private const int ExamplesShown = 3;

    private readonly JobArtifacts _artifacts = new(manifest.JobId);
    private readonly Dictionary<string, WorkerTrace> _workers = new(StringComparer.Ordinal);
    private readonly Sample<CallSpan> _timeline = new(CallsShown);
    private readonly Sample<NumberedStep> _steps = new(StepsShown);
    private readonly PriorityQueue<TracedRequest, long> _longest = new();
    private readonly Dictionary<string, (int Count, List<(string, string)> Examples)> _errors = new(StringComparer.Ordinal);
    private CallTotals _calls = new();
    private TracedRequest? _request;
    private int _succeeded;
    private int _failed;
    private long _promptTokens;
    private long _completionTokens;

    /// <summary>Reads everything.</summary>
    public async Task<ReportData> ReadAsync(CancellationToken cancellationToken)
    {
        var plan = await JobPlan.ReadAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        await foreach (var line in new JobResults(store, _artifacts, plan).ReadAsync(withUnfinished: true, cancellationToken).ConfigureAwait(false))
            Add(line);
        await foreach (var (worker, span) in TraceFile.ReadAsync(store, _artifacts.Traces, cancellationToken).ConfigureAwait(false))
            Add(worker, span);
        EndRequest();

        var marker = await CommittedMarker.ReadAsync(store, _artifacts, cancellationToken).ConfigureAwait(false);
        return new ReportData
        {
            Manifest = manifest,
            Requests = plan.Rows,
            Succeeded = _succeeded,
            Failed = _failed,
            PromptTokens = _promptTokens,
            CompletionTokens = _completionTokens,
            Ended = marker?.Ended,
            Errors = [.. _errors.Select(e => new ErrorGroup(e.Key, e.Value.Count, e.Value.Examples)).OrderByDescending(e => e.Count).ThenBy(e => e.Code, StringComparer.Ordinal)],
            Time = new ActiveTime(_workers.Values.SelectMany(w => w.Windows)),
            Workers = [.. _workers.Values.OrderBy(w => w.Windows.Min(x => x.Start))],
            Engine = _workers.Values.Select(w => w.Total).OfType<EngineInterval>().Aggregate((EngineInterval?)null, (sum, next) => sum?.Plus(next) ?? next),
            Calls = _calls,
            Timeline = _timeline,
            Longest = [.. _longest.UnorderedItems.Select(i => i.Element).OrderByDescending(r => r.PromptTokens).ThenBy(r => r.CustomId, StringComparer.Ordinal)],
            Steps = _steps,
        };
    }

    private void Add(ResultLine line)
    {
        _promptTokens += line.PromptTokens;
        _completionTokens += line.CompletionTokens;
        if (line.ErrorCode is not { } code)
        {
            _succeeded++;
            return;
        }

        _failed++;
        var (count, examples) = _errors.GetValueOrDefault(code, (0, []));
        if (examples.Count < ExamplesShown && RecordJson.Read(line.Bytes.Span) is { Error: { } error } record)
            examples.Add((record.CustomId, error.Message));
        _errors[code] = (count + 1, examples);
    }

    private void Add(string worker, OtlpSpan span)
    {
        switch (span.Name)
        {
            case TraceNames.ShardSpan:
                if (!_workers.TryGetValue(worker, out var trace))
                    _workers.Add(worker, trace = new WorkerTrace(worker));
                trace.Add(ShardSpan.Of(span));
                break;
            case TraceNames.DocumentSpan:
                // Its calls come right behind it.
                EndRequest();
                _request = new TracedRequest { CustomId = span.Attributes.Text(TraceNames.CustomId) ?? "", Elapsed = span.EndedAt - span.StartedAt };
                break;
            case TraceNames.StepSpan:
                _steps.Add(NumberedStep.Of(span));
                break;
            case not TraceNames.JobSpan:
                var call = CallSpan.Of(span);
                _calls = _calls.Plus(call);
                _timeline.Add(call);
                _request = _request?.Plus(call);
                break;
        }
    }

    private void EndRequest()
    {
        if (_request is { Calls: > 0 })
            _longest.Enqueue(_request, _request.PromptTokens);
        if (_longest.Count > LongestShown)
            _longest.Dequeue();
        _request = null;
    }
}
