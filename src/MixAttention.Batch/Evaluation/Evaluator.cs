using MixAttention.Batch.Models;
using MixAttention.Batch.Prompts;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;
using MixAttention.Model.ChatTemplates;

namespace MixAttention.Batch.Evaluation;

/// <summary>Which answers an evaluation asks for.</summary>
public enum EvaluationTask
{
    /// <summary>Summaries and answers.</summary>
    All,

    /// <summary>Summaries alone.</summary>
    Summary,

    /// <summary>Answers alone.</summary>
    Questions,
}

/// <summary>Runs documents with known summaries and answers and counts those that come out right, character for character.</summary>
/// <param name="model">The model.</param>
/// <param name="options">The engine's options.</param>
/// <param name="sampling">How tokens are chosen.</param>
/// <param name="time">The clock.</param>
public sealed class Evaluator(TextModel model, EngineOptions options, SamplingParams sampling, TimeProvider time)
{
    private const string Summaries = "summaries";
    private const string Answers = "answers";

    private readonly List<Ask> _asks = [];
    private readonly Dictionary<string, bool> _right = [];
    private readonly ChatTemplate? _template = model.ChatTemplateAt(DateTimeOffset.UnixEpoch);
    private readonly List<EvaluationMiss> _misses = [];
    private InferenceEngine? _engine;
    private long _started;

    /// <summary>Gets where the evaluation is; may be called from any thread while it runs.</summary>
    public Jobs.JobProgress Progress
    {
        get
        {
            var engine = _engine?.Snapshot ?? new EngineSnapshot();
            long all = _asks.Sum(a => (long)a.Request.PromptIds.Length);
            var elapsed = _started == 0 ? TimeSpan.Zero : time.GetElapsedTime(_started);
            return new Jobs.JobProgress(_asks.Count, (int)engine.SequencesFinished, 0, elapsed, all == 0 ? 0 : (double)engine.PromptTokens / all, engine);
        }
    }

    /// <summary>Runs the cases, those with the longest prompts first and all prompts of a case together, because they share its text.</summary>
    public async Task<EvaluationReport> RunAsync(IReadOnlyList<TruthCase> cases, EvaluationTask task, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cases);
        var engine = InferenceEngine.Start(model.CreateRunner, options, model.Tokenizer, model.EndTokenIds, time);
        await using var _ = engine.ConfigureAwait(false);
        var info = await engine.Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        _asks.AddRange(cases.Select(c => ListAsks(c, task).ToArray()).Where(asks => asks.Length > 0).OrderByDescending(asks => asks.Max(a => a.Request.PromptIds.Length)).SelectMany(asks => asks));
        _engine = engine;
        _started = time.GetTimestamp();
        var submitting = SubmitAsync(engine, cancellationToken);
        var asks = _asks.ToDictionary(a => a.Request.CustomId);
        await foreach (var result in engine.Results.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            Judge(asks[result.CustomId], result);
        await submitting.ConfigureAwait(false);
        return new EvaluationReport(cases.Count, _asks.Count, [.. Scores()], _misses, time.GetElapsedTime(_started), engine.Snapshot, FormulaKvBytes(info));
    }

    /// <summary>Tells whether a case has something to ask for.</summary>
    public static bool Asks(TruthCase truth, EvaluationTask task)
    {
        ArgumentNullException.ThrowIfNull(truth);
        return AsksSummary(truth, task) || (task != EvaluationTask.Summary && truth.Questions.Count > 0);
    }

    private static bool AsksSummary(TruthCase truth, EvaluationTask task) => task != EvaluationTask.Questions && truth.Summary is not null;

    private IEnumerable<Ask> ListAsks(TruthCase truth, EvaluationTask task)
    {
        bool asksSummary = AsksSummary(truth, task), asksQuestions = task != EvaluationTask.Summary;
        bool expectsSharers = (asksSummary ? 1 : 0) + (asksQuestions ? truth.Questions.Count : 0) > 1;
        if (asksSummary)
            yield return CreateAsk(truth, PromptTask.Summarize, 0, Summaries, truth.Summary!, "", expectsSharers); // asked for where there is one
        if (!asksQuestions)
            yield break;
        var questions = PromptTask.Ask([.. truth.Questions.Select(q => q.Question)]);
        for (int i = 0; i < truth.Questions.Count; i++)
            yield return CreateAsk(truth, questions, i, Answers, truth.Questions[i].Answer, $"#q{i + 1}", expectsSharers);
    }

    private Ask CreateAsk(TruthCase truth, PromptTask task, int instructionIndex, string kind, string expected, string suffix, bool expectsSharers)
    {
        var prompt = new PromptBuilder(model.Tokenizer, _template, task).Build(truth.Text, instructionIndex);
        var request = new GenerationRequest
        {
            CustomId = truth.Id + suffix,
            PromptIds = prompt.TokenIds,
            ForkPosition = prompt.ForkPosition,
            ExpectsSharers = expectsSharers,
            Sampling = sampling,
        };
        return new Ask(request, truth.Id, kind, task.Instructions[instructionIndex], expected);
    }

    private async Task SubmitAsync(InferenceEngine engine, CancellationToken cancellationToken)
    {
        foreach (var ask in _asks)
            await engine.SubmitAsync(ask.Request, cancellationToken).ConfigureAwait(false);
        engine.CompleteSubmissions();
    }

    private void Judge(Ask ask, GenerationResult result)
    {
        string found = result.Error is { } error ? $"({error.Code}: {error.Message})" : (result.Text ?? "").Trim();
        bool isRight = found == ask.Expected.Trim();
        _right[ask.Request.CustomId] = isRight;
        if (!isRight)
            _misses.Add(new EvaluationMiss(ask.Id, ask.Instruction, ask.Expected, found));
    }

    private IEnumerable<EvaluationScore> Scores() => _asks.GroupBy(a => a.Kind).OrderByDescending(g => g.Key, StringComparer.Ordinal)
        .Select(g => new EvaluationScore(g.Key, g.Count(a => _right[a.Request.CustomId]), g.Count()));

    /// <summary>Adds up what the layout's formula gives for the requests that are admitted while all wait and none shares: largest first, as long as they fit.</summary>
    private long FormulaKvBytes(EngineInfo info)
    {
        long sum = 0;
        int running = 0;
        foreach (long bytes in _asks.Select(a => info.KvGeometry.Bytes(a.Request.PromptIds.Length + a.Request.Sampling.MaxTokens)).OrderDescending())
        {
            if (running == options.MaxSequences)
                break;
            if (sum + bytes > info.KvBytes)
                continue;
            sum += bytes;
            running++;
        }

        return sum;
    }

    private sealed record Ask(GenerationRequest Request, string Id, string Kind, string Instruction, string Expected);
}
