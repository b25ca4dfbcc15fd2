using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch worker</c>: takes shards of jobs from a queue and runs them.</summary>
internal sealed class WorkerCommand
{
    private readonly CliHost _host;
    private readonly StoreFlag _store = new();
    private readonly EngineFlags _engine = new(requiresModel: true);
    private readonly Option<string?> _servedModelName = JobFlags.ServedModelName();
    private readonly DrainFlag _drain = new();
    private readonly HangFlag _hang = new();
    private readonly Option<int> _checkpointSeconds = Parsing.Integer("--checkpoint-seconds", "How often what has finished is put into checkpoints.", 5, 1, 3600);
    private readonly Option<int> _lockSeconds = Parsing.Integer("--lock-seconds", "How long a worker that says nothing keeps a shard from the others.", 60, 3, 86400);
    private readonly Option<int?> _idleSeconds = Parsing.OptionalInteger("--idle-seconds", "End when nothing has come for so long; waits for ever unless given.", 0, 86400);

    private WorkerCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var worker = new WorkerCommand(host);
        var command = new CheckedCommand("worker", "Run what is submitted to a queue, until told to stop.");
        worker._store.AddTo(command);
        worker._engine.AddWithTracesTo(command);
        Option[] others = [worker._servedModelName, worker._checkpointSeconds, worker._lockSeconds, worker._idleSeconds];
        foreach (var option in others)
            command.Add(option);
        worker._drain.AddTo(command);
        worker._hang.AddTo(command);
        command.SetAction(worker.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        // 1. What can be refused before anything is taken from the queue.
        var folder = _store.Read(result, _host);
        var model = _engine.Model.Open(result, _host.Error);
        var memory = _engine.ReadMemory(result, model, _engine.ReadEngine(result), usableBytes: long.MaxValue);
        var served = _engine.ReadModel(result, _host, model, result.GetValue(_servedModelName) ?? model.Name, memory, _host.Error.WriteLine);
        using var _ = served.Text;

        // 2. Work until there is an end to it.
        var store = folder.OpenStore(_host);
        await using var queue = folder.OpenQueue(_host, TimeSpan.FromSeconds(result.GetValue(_lockSeconds)));
        await using var engine = new EngineHost(served, _host.Time);
        var options = _hang.AddTo(new WorkerOptions
        {
            DrainTime = _drain.Read(result),
            CheckpointPeriod = TimeSpan.FromSeconds(result.GetValue(_checkpointSeconds)),
            IdleTime = result.GetValue(_idleSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Log = _host.Error.WriteLine,
            Warn = _host.Error.WriteLine,
        }, result, _host);
        using var worker = new BatchWorker(store, queue, engine, options, _host.Time);
        _host.Error.WriteLine($"Serving {served.Name} to {folder.Path}.");
        await using var notice = _drain.Announce(result, _host, cancellationToken);
        long start = _host.Time.GetTimestamp();
        try
        {
            await worker.RunAsync(cancellationToken);
        }
        finally
        {
            Summarize(worker.Counts, _host.Time.GetElapsedTime(start));
        }

        return ExitCodes.Fine; // To be told to stop is a worker's usual end.
    }

    private void Summarize(WorkerCounts counts, TimeSpan elapsed)
    {
        int computed = counts.Succeeded + counts.Failed - counts.Resumed;
        _host.Output.WriteLine(
            $"Committed {Quantity.Of(counts.Shards, "shard")} in {Duration.Format(elapsed)}: {Quantity.Of(computed, "request")} run here, {Quantity.Of(counts.Recomputed)} of them because a former owner was stopped while they ran, " +
            $"{Quantity.Of(counts.Resumed)} found finished in checkpoints; {Quantity.Of(counts.Failed)} failed.");
    }
}
