using System.CommandLine;
using System.Globalization;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Output;
using MixAttention.Batch.Worker;
using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch run</c>: documents in, answers out.</summary>
internal sealed class RunCommand
{
    private readonly CliHost _host;
    private readonly Argument<string[]> _inputs = new("INPUT") { Description = "Files and folders of documents (.txt, .md, .html, .docx, .epub, .pdf); - reads one document of plain text from standard input.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string> _output = new("--output", "-o") { Description = "Folder of the results: output.jsonl, errors.jsonl and texts/.", HelpName = "OUT", Required = true };
    private readonly Option<bool> _demo = new("--demo") { Description = "Run the sample documents that come with mixbatch." };
    private readonly Option<string[]> _include = Parsing.Many("--include", "Take only a folder's documents that match, such as 'reports/**' or '*.md'; may be repeated.", "GLOB");
    private readonly Option<string[]> _exclude = Parsing.Many("--exclude", "Leave out a folder's documents that match; may be repeated.", "GLOB");
    private readonly Option<long?> _maxDocumentSize = Parsing.Size("--max-document-size", "Largest document taken; 64MiB unless given.");
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Start over: replace the results of a former run in OUT; other files there stay. Without it, a run that was begun in OUT goes on." };
    private readonly Option<int> _drainSeconds = Parsing.Integer("--drain-seconds", "How long running requests may go on after Ctrl-C or SIGTERM.", 25, 0, 86400);
    private readonly Option<string?> _servedModelName = new("--served-model-name") { Description = "The model's name in results; its folder's unless given.", HelpName = "NAME" };
    private readonly TaskFlags _task = new();
    private readonly EngineFlags _engine = new();
    private readonly SamplingFlags _sampling = new();
    private readonly CreatedAtFlag _createdAt = new();

    private RunCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var run = new RunCommand(host);
        var command = new CheckedCommand("run", "Run documents through a model.") { run._inputs, run._output, run._demo };
        run._task.AddTo(command);
        run._engine.AddTo(command);
        run._sampling.AddTo(command);
        Option[] others = [run._include, run._exclude, run._maxDocumentSize, run._overwrite, run._servedModelName, run._drainSeconds];
        foreach (var option in others)
            command.Add(option);
        run._createdAt.AddTo(command);
        command.Checks.Add(result => (result.GetResult(run._inputs) is { Tokens.Count: > 0 }, CheckedCommand.IsGiven(result, run._demo)) switch
        {
            (false, false) => "There is no INPUT. Name files or folders, - for standard input, or --demo for the sample documents.",
            (true, true) => "--demo brings its own documents. Leave out INPUT or --demo.",
            _ => null,
        });
        run._inputs.Validators.Add(result =>
        {
            foreach (string option in result.Tokens.Select(t => t.Value).Where(v => v.Length > 1 && v.StartsWith('-')))
                result.AddError($"There is no option {option}. A document of that name is given as ./{option}.");
        });
        command.SetAction(run.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        // 1. Everything that can be refused before anything large is read.
        string output = result.GetRequiredValue(_output);
        var createdAt = _createdAt.Read(result, _host);
        var found = DocumentFinder.Find(new DocumentQuery
        {
            Inputs = result.GetValue(_demo) ? [EngineFlags.DemoSamples] : result.GetRequiredValue(_inputs),
            Include = result.GetValue(_include)!, // both have defaults
            Exclude = result.GetValue(_exclude)!,
            OutputFolder = output,
        });
        OutputFolder.Check(output, result.GetValue(_overwrite));
        var model = _engine.OpenModel(result, _host.Error);
        var sampling = _sampling.Read(result);
        SamplingFlags.CheckTokens(sampling, model.Spec.VocabularySize);

        // 2. The job.
        var manifest = new JobManifest
        {
            JobId = JobSubmission.NewJobId(_host.Time),
            CreatedAt = createdAt ?? _host.Time.GetUtcNow(),
            Input = new JobInput(JobInput.Documents, result.GetValue(_maxDocumentSize) ?? JobInput.DefaultMaxDocumentBytes),
            Task = _task.Read(result),
            Sampling = sampling,
            ModelName = result.GetValue(_servedModelName) ?? _engine.ModelName(result, model),
        };
        var engine = _engine.ReadEngine(result);
        var geometry = new KvGeometry(model.Spec, _engine.KvBytesPerElement(result, model));
        var memory = _engine.ReadMemory(result, model, engine, UsableKvBytes.Of(manifest, found.Documents, engine.MaxSequences, geometry, model.Spec.MaxSequenceLength));
        _host.Error.WriteLine(memory.Explanation);
        using var text = TextModel.Open(model, () => _host.LoadRunner(model.Folder, _engine.ReadRunner(result, memory.Bytes)));
        var served = new WorkerModel
        {
            Name = manifest.ModelName,
            Text = text,
            Digest = stop => ModelDigest.ComputeAsync(model, stop),
            Engine = engine,
            Device = _engine.Device(result),
            Precision = _engine.PrecisionName(result),
        };
        var options = new WorkerOptions { DrainTime = TimeSpan.FromSeconds(result.GetValue(_drainSeconds)) };
        await using var run = new LocalRun(manifest, found.Documents, output, served, options, _host.OpenStandardInput, _host.Time)
        {
            Overwrites = result.GetValue(_overwrite),
            FixesTime = createdAt is not null,
        };

        // 3. Run it and say what came of it.
        var report = await new ProgressDisplay(_host, () => run.Progress).FollowAsync(run.RunAsync(cancellationToken));
        Summarize(report, found, output);
        return report.IsInterrupted ? ExitCodes.Interrupted : report.Failed > 0 ? ExitCodes.SomeFailed : ExitCodes.Fine;
    }

    private void Summarize(JobReport report, FoundDocuments found, string output)
    {
        foreach (var failure in report.FirstFailures)
            _host.Error.WriteLine($"mixbatch: {Printable.Of(failure.CustomId)}: {failure.Error.Code}: {Printable.Of(failure.Error.Message)}");
        if (report.Failed > report.FirstFailures.Count)
            _host.Error.WriteLine($"mixbatch: and {report.Failed - report.FirstFailures.Count} more failures; all are in {Path.Combine(output, "errors.jsonl")}.");
        if (found.HiddenSkipped + found.LinksSkipped > 0)
            _host.Output.WriteLine($"Skipped {found.HiddenSkipped} hidden files or folders and {found.LinksSkipped} links to folders or out of the folder.");
        if (report.IsInterrupted)
            _host.Output.WriteLine($"Interrupted: {report.Requests - report.Succeeded - report.Failed} of {report.Requests} requests have no line. Run the same command again to go on.");

        double seconds = Math.Max(report.Elapsed.TotalSeconds, 1e-3);
        string shared = report.Engine.CachedPromptTokens > 0 ? string.Create(CultureInfo.InvariantCulture, $", {report.Engine.CachedPromptTokens:N0} of them computed for another request") : "";
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Succeeded} of {report.Requests} requests succeeded in {Duration.Format(report.Elapsed)}: {report.Engine.PromptTokens:N0} prompt tokens ({report.Engine.PromptTokens / seconds:N0}/s{shared}), " +
            $"{report.Engine.CompletionTokens:N0} output tokens ({report.Engine.CompletionTokens / seconds:N0}/s), at most {ByteSize.Format(report.Engine.PeakKvBytesUsed)} of KV. Results are in {output}."));
    }
}
