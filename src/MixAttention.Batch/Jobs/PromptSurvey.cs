using MixAttention.Batch.Records;
using MixAttention.Batch.Worker;
using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>Adds up what the prompts of some of a job's requests are.</summary>
internal sealed class PromptSurvey(EngineInfo engine, JobManifest manifest)
{
    private const double NormalQuantile = 1.96; // 95 of 100 means lie within so many standard errors.

    private readonly SortedDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private int _count;
    private int _canRun;
    private double _tokens;
    private double _squares;
    private long _maxTokens;
    private long _kvBytes;
    private long _kvBytesAtMost;

    /// <summary>Takes a request into account.</summary>
    public void Add(PreparedRequest request)
    {
        _count++;
        _tokens += request.PromptTokens;
        _squares += Math.Pow(request.PromptTokens, 2);
        if (FindFailure(request) is { } code)
        {
            _failures[code] = _failures.GetValueOrDefault(code) + 1;
            return;
        }

        long bytes = KvBytes(request);
        _canRun++;
        _maxTokens += request.MaxTokens;
        _kvBytes += bytes;
        _kvBytesAtMost = Math.Max(_kvBytesAtMost, bytes);
    }

    /// <summary>Says what that means for all requests.</summary>
    public DryRunReport Report(int requests, int maxSequences)
    {
        double mean = _count == 0 ? 0 : _tokens / _count;
        double deviation = Math.Sqrt(Math.Max(0, (_squares / Math.Max(1, _count)) - (mean * mean)));

        // Requests about one document have prompts of one length: what counts is how many documents were looked at.
        double looked = (double)_count / Math.Max(1, manifest.Task.Instructions.Count);
        double error = _count == requests || mean == 0 ? 0 : deviation / Math.Sqrt(looked) / mean;
        long average = _kvBytes / Math.Max(1, _canRun);
        return new DryRunReport
        {
            Requests = requests,
            LookedAt = _count,
            Failures = _failures,
            PromptTokens = (long)(mean * requests),
            PromptTokensMargin = NormalQuantile * error,
            KvBytesOnAverage = average,
            KvBytesAtMost = _kvBytesAtMost,
            KvBytesBudget = engine.KvBytes,
            AtOnce = (int)Math.Min(Math.Min(maxSequences, requests), average == 0 ? 0 : engine.KvBytes / average),
            AnswerTokensAllowed = _maxTokens / Math.Max(1.0, _canRun),
        };
    }

    private string? FindFailure(PreparedRequest request) =>
        request.Failure is { } failure ? failure.ErrorCode
        : request.PromptTokens + request.MaxTokens > engine.MaxSequenceLength && !manifest.Task.IsSummary ? ErrorCodes.ContextLengthExceeded
        : KvBytes(request) > engine.KvBytes ? ErrorCodes.TokenBudgetExceeded
        : null;

    private long KvBytes(PreparedRequest request) => engine.KvGeometry.Bytes((int)Math.Min(engine.MaxSequenceLength, request.PromptTokens + request.MaxTokens));
}
