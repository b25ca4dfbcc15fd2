using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch submit</c>: documents or a batch file into a queue, from which workers take them.</summary>
internal sealed class SubmitCommand
{
    private readonly CliHost _host;
    private readonly StoreFlag _store = new();
    private readonly ModelFlag _model = new(isRequired: true);
    private readonly Option<string?> _servedModelName = JobFlags.ServedModelName();
    private readonly Option<string?> _jobId = new("--job-id")
    {
        Description = "The job's id; a new one unless given. A job that is there and asks for the same is taken up again: documents that have come are added.",
        HelpName = "ID",
        Validators =
        {
            result =>
            {
                if (result.Tokens.Count > 0 && !ArtifactName.IsValidSegment(result.Tokens[0].Value))
                    result.AddError($"--job-id is '{result.Tokens[0].Value}'. Give letters, digits, '_', '-' and '.'.");
            },
        },
    };

    private readonly Option<bool> _dryRun = JobFlags.DryRun();
    private readonly JobFlags _job = new();

    private SubmitCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var submit = new SubmitCommand(host);
        var command = new CheckedCommand("submit", "Submit documents or a batch file to a queue; workers run them.");
        submit._store.AddTo(command);
        submit._model.AddTo(command);
        command.Add(submit._servedModelName);
        command.Add(submit._jobId);
        command.Add(submit._dryRun);
        submit._job.AddTo(command);
        command.SetAction(submit.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var folder = _store.Read(result, _host);
        var input = await _job.Input.OpenAsync(result, _host, folder.Path, cancellationToken);
        var model = ModelFacts.Read(_model.Folder(result));
        string jobId = result.GetValue(_jobId) ?? JobSubmission.NewJobId(_host.Time);
        var asked = _job.Read(result, _host, model, input.Described, jobId, result.GetValue(_servedModelName) ?? model.Name);
        if (result.GetValue(_dryRun))
        {
            var served = DryRunAction.ServeByDefault(_host, model, asked, input);
            using var _ = served.Text;
            return await DryRunAction.RunAsync(_host, asked, input, served, cancellationToken);
        }

        var store = folder.OpenStore(_host);
        await using var queue = folder.OpenQueue(_host);
        var submission = new JobSubmission(store, queue, _host.Time);
        var former = await JobManifest.ReadAsync(store, new JobArtifacts(jobId), cancellationToken);
        var plan = former is null
            ? await submission.SubmitAsync(asked, input.Input, cancellationToken)
            : await submission.ResumeAsync(former, asked, input.Input, cancellationToken);
        _host.Error.WriteLine($"{(former is null ? "Submitted" : "Took up again")} {Quantity.Of(plan.Rows, "request")} in {Quantity.Of(plan.ShardCount, "shard")} for the model {asked.ModelName}.");
        foreach (string remark in input.Remarks())
            _host.Error.WriteLine(remark);
        _host.Output.WriteLine(jobId);
        return ExitCodes.Fine;
    }
}
