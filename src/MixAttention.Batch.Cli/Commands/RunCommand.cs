using System.CommandLine;
using System.Globalization;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Output;
using MixAttention.Batch.Worker;
using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch run</c>: documents or a batch file in, answers out.</summary>
internal sealed class RunCommand
{
    private readonly CliHost _host;
    private readonly Option<string> _output = new("--output", "-o") { Description = "Folder of the results: output.jsonl, errors.jsonl, texts/ and report.html, written at the end or at an interruption; mixbatch results --store OUT/.mixbatch --partial -o DIR gives those of a run that goes on.", HelpName = "OUT", Required = true };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Start over: replace the results of a former run in OUT; other files there stay. Without it, a run that was begun in OUT goes on." };
    private readonly DrainFlag _drain = new();
    private readonly HangFlag _hang = new();
    private readonly Option<string?> _servedModelName = JobFlags.ServedModelName();
    private readonly Option<bool> _dryRun = JobFlags.DryRun();
    private readonly JobFlags _job = new();
    private readonly EngineFlags _engine = new();

    private RunCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var run = new RunCommand(host);
        var command = new CheckedCommand("run", "Run documents or batch files through a model.") { run._output, run._overwrite };
        run._job.AddTo(command);
        run._engine.AddWithTracesTo(command);
        command.Add(run._servedModelName);
        run._drain.AddTo(command);
        run._hang.AddTo(command);
        command.Add(run._dryRun);
        command.SetAction(run.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        // 1. Everything that can be refused before anything large is read.
        string output = result.GetRequiredValue(_output);
        var createdAt = _job.CreatedAt(result, _host);
        var input = await _job.Input.OpenAsync(result, _host, output, cancellationToken);
        OutputFolder.Check(output, result.GetValue(_overwrite));
        var model = _engine.Model.Open(result, _host.Error);
        var manifest = _job.Read(result, _host, model, input.Described, JobSubmission.NewJobId(_host.Time), result.GetValue(_servedModelName) ?? _engine.Model.NameOf(result, model));

        // 2. The job.
        var engine = _engine.ReadEngine(result);
        var geometry = new KvGeometry(model.Spec, _engine.KvBytesPerElement(result, model));
        var memory = _engine.ReadMemory(result, model, engine, UsableKvBytes.Of(manifest, input.Input, engine.MaxSequences, geometry, model.Spec.MaxSequenceLength));
        var display = new ProgressDisplay(_host);
        var served = _engine.ReadModel(result, _host, model, manifest.ModelName, memory, display.Say);
        using var _ = served.Text;
        if (result.GetValue(_dryRun))
            return await DryRunAction.RunAsync(_host, manifest, input, served, cancellationToken);
        var options = _hang.AddTo(new WorkerOptions { DrainTime = _drain.Read(result), Warn = message => display.Say($"mixbatch: {message}") }, result, _host);
        await using var run = new LocalRun(manifest, input.Input, output, served, options, _host.Time)
        {
            Overwrites = result.GetValue(_overwrite),
            FixesTime = createdAt is not null,
        };

        // 3. Run it and say what came of it.
        await using var notice = _drain.Announce(result, _host, cancellationToken);
        var report = await display.FollowAsync(run.RunAsync(cancellationToken), () => run.Progress);
        foreach (string line in display.Failures.TakeLast(report.FirstFailures, report.Failed, output))
            _host.Error.WriteLine(line);
        Summarize(report, input, output);
        return report.IsInterrupted ? ExitCodes.Interrupted : report.Failed > 0 ? ExitCodes.SomeFailed : ExitCodes.Fine;
    }

    private void Summarize(JobReport report, CommandInput input, string output)
    {
        foreach (string remark in input.Remarks())
            _host.Output.WriteLine(remark);
        if (report.IsInterrupted)
            _host.Output.WriteLine($"Interrupted: {Quantity.Of(report.Unfinished)} of {Quantity.Of(report.Requests, "request")} have no line. Run the same command again to go on.");
        if (!report.HasRun && !report.IsInterrupted)
        {
            _host.Output.WriteLine(report.Requests == 1 ? $"The request was finished before; nothing to run. Results are in {output}." : $"All {Quantity.Of(report.Requests, "request")} were finished before; nothing to run. Results are in {output}.");
            return;
        }

        double seconds = Math.Max(report.Elapsed.TotalSeconds, 1e-3);
        string shared = report.Engine.CachedPromptTokens > 0 ? string.Create(CultureInfo.InvariantCulture, $", {report.Engine.CachedPromptTokens:N0} of them computed for another request") : "";
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Succeeded:N0} of {Quantity.Of(report.Requests, "request")} succeeded in {Duration.Format(report.Elapsed)}: {report.Engine.PromptTokens:N0} prompt tokens ({report.Engine.PromptTokens / seconds:N0}/s{shared}), " +
            $"{report.Engine.CompletionTokens:N0} output tokens ({report.Engine.CompletionTokens / seconds:N0}/s), at most {ByteSize.Format(report.Engine.PeakKvBytesUsed)} of KV, engine busy {report.Engine.BusyTime / report.Elapsed:P1} of the time. Results are in {output}; open {Path.Combine(output, OutputFolder.Report)} to see where the time went."));
    }
}
