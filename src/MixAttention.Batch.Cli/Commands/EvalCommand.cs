using System.CommandLine;
using System.Globalization;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Evaluation;
using MixAttention.Batch.Models;
using MixAttention.Engine.KvCache;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch eval</c>: documents with known summaries and answers, and the shares that come out right.</summary>
internal sealed class EvalCommand
{
    private const int MissesShown = 10;

    private readonly CliHost _host;
    private readonly Option<string> _truth = new("--truth")
    {
        Description = "JSONL file (.gz too): id, summary, questions with question and answer, and text, or a file in --documents that is called like the id.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string?> _documents = new("--documents") { Description = "Folder of the documents for lines without text; the truth file's folder unless given.", HelpName = "DIR" };
    private readonly Option<string?> _task = Parsing.OneOf("--task", "What to ask for.", "all", "summary|questions|all", "summary", "questions", "all");
    private readonly Option<int?> _limit = Parsing.OptionalInteger("--limit", "Documents to run; all unless given.", 1);
    private readonly Option<int> _maxTokens = Parsing.Integer("--max-tokens", "Most tokens of an answer.", new SamplingParams().MaxTokens, 1);
    private readonly EngineFlags _engine = new();

    private EvalCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var eval = new EvalCommand(host);
        var command = new Command("eval", "Run documents with known summaries and answers and show the shares that come out right.") { eval._truth, eval._documents, eval._task, eval._limit, eval._maxTokens };
        eval._engine.AddTo(command);
        command.SetAction(eval.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var cases = TruthFile.Read(result.GetRequiredValue(_truth), result.GetValue(_documents), result.GetValue(_limit));
        var task = Enum.Parse<EvaluationTask>(result.GetValue(_task)!, ignoreCase: true);
        if (!cases.Any(c => Evaluator.Asks(c, task)))
            throw BatchException.Usage($"{result.GetValue(_truth)} holds no {(task == EvaluationTask.Summary ? "summaries" : "questions")}, so --task {task.ToString().ToLowerInvariant()} has nothing to ask. Give the other --task, or another file.");
        var model = _engine.Model.Open(result, _host.Error);
        var options = _engine.ReadEngine(result);
        var sampling = new SamplingParams { MaxTokens = result.GetValue(_maxTokens) };
        SamplingFlags.Check(sampling, model.Spec);
        var geometry = new KvGeometry(model.Spec, _engine.KvBytesPerElement(result, model));
        var memory = _engine.ReadMemory(result, model, options, UsableBytes(cases, task, geometry, model.Spec.MaxSequenceLength, sampling.MaxTokens, options.MaxSequences));
        using var text = TextModel.Open(model, () => _host.LoadRunner(model.Folder, _engine.ReadRunner(result, memory.Bytes)));
        _host.Error.WriteLine(memory.Explanation);
        var evaluator = new Evaluator(text, options, sampling, _host.Time);
        var report = await new ProgressDisplay(_host).FollowAsync(evaluator.RunAsync(cases, task, cancellationToken), () => evaluator.Progress);
        Print(report);
        return ExitCodes.Fine;
    }

    /// <summary>Bounds the KV memory: a token has at least one character.</summary>
    private static long UsableBytes(List<TruthCase> cases, EvaluationTask task, KvGeometry geometry, int maxSequenceLength, int maxTokens, int maxSequences)
    {
        const int questionAndTemplateTokens = 512;
        return cases.SelectMany(c => Enumerable.Repeat(c.Text.Length, (task == EvaluationTask.Questions ? 0 : 1) + (task == EvaluationTask.Summary ? 0 : c.Questions.Count)))
            .OrderDescending().Take(maxSequences)
            .Sum(length => geometry.Bytes(Math.Min(maxSequenceLength, length + questionAndTemplateTokens + maxTokens)));
    }

    private void Print(EvaluationReport report)
    {
        foreach (var miss in report.Misses.Take(MissesShown))
            _host.Output.WriteLine($"wrong: {Printable.Of(miss.Id)}: {Printable.Of(miss.Instruction)}\n  expected {Printable.Of(miss.Expected)}\n  found    {Printable.Of(miss.Found)}");
        if (report.Misses.Count > MissesShown)
            _host.Output.WriteLine($"and {report.Misses.Count - MissesShown} more that were wrong.");

        var table = new Table().Border(TableBorder.Simple).AddColumns(new TableColumn(""), new TableColumn("right").RightAligned(), new TableColumn("wrong").RightAligned(), new TableColumn("of").RightAligned(), new TableColumn("share right").RightAligned());
        foreach (var score in report.Scores)
            table.AddRow(score.Kind, Quantity.Of(score.Right), Quantity.Of(score.Total - score.Right), Quantity.Of(score.Total), score.Share.ToString("P2", CultureInfo.InvariantCulture));
        _host.Write(table);
        double seconds = Math.Max(report.Elapsed.TotalSeconds, 1e-3);
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Quantity.Of(report.Documents, "document")}, {Quantity.Of(report.Requests, "request")} in {Duration.Format(report.Elapsed)}: {report.DocumentsPerMinute:0.0} documents per minute, " +
            $"{report.Engine.PromptTokens / seconds:N0} prompt and {report.Engine.CompletionTokens / seconds:N0} output tokens per second."));
        string comparison = report.Engine.CachedPromptTokens > 0
            ? $"{Quantity.Of(report.Engine.CachedPromptTokens)} of {Quantity.Of(report.Engine.PromptTokens)} prompt tokens were computed for another request"
            : $"the formula gives {Quantity.Of(report.FormulaKvBytes)} for the largest requests that fit at once";
        _host.Output.WriteLine($"Peak KV {Quantity.Of(report.Engine.PeakKvBytesUsed)} bytes ({ByteSize.Format(report.Engine.KvBytesBudget)} set aside); {comparison}.");
    }
}
