using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Worker;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary>What <c>--dry-run</c> does instead of running or submitting a job.</summary>
internal static class DryRunAction
{
    /// <summary>Looks at a job and prints what it would take.</summary>
    public static async Task<int> RunAsync(CliHost host, JobManifest manifest, CommandInput input, WorkerModel served, CancellationToken cancellationToken)
    {
        var report = await new DryRun(manifest, input.Input, served, host.Time).RunAsync(cancellationToken);
        foreach (string line in DryRunLines.Of(report).Concat(input.Remarks()))
            host.Output.WriteLine(line);
        return ExitCodes.Fine;
    }

    /// <summary>Gets a model as a worker without options would serve it on this machine.</summary>
    /// <returns>The caller disposes its text side.</returns>
    public static WorkerModel ServeByDefault(CliHost host, ModelFacts model, JobManifest manifest, CommandInput input)
    {
        var flags = new EngineFlags();
        var worker = new System.CommandLine.Command("worker");
        flags.AddTo(worker);
        var defaults = worker.Parse([]);
        var engine = flags.ReadEngine(defaults);
        var geometry = new KvGeometry(model.Spec, flags.KvBytesPerElement(defaults, model));
        var memory = flags.ReadMemory(defaults, model, engine, UsableKvBytes.Of(manifest, input.Input, engine.MaxSequences, geometry, model.Spec.MaxSequenceLength));
        return flags.ReadModel(defaults, host, model, manifest.ModelName, memory, _ => { }); // The report says what memory there is.
    }
}
