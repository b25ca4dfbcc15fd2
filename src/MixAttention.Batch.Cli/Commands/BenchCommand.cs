using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MixAttention.Batch.Cli.Benchmarking;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Models;
using MixAttention.Engine;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch bench</c>: the engine's throughput on a synthetic mix of requests; needs no tokenizer.</summary>
internal sealed class BenchCommand
{
    private const double MostOtherCpu = 0.1; // Of all processors.

    private readonly CliHost _host;
    private readonly Option<int> _requests = Parsing.Integer("--requests", "Requests.", 16, 1, 1 << 20);
    private readonly Option<int> _promptTokens = Parsing.Integer("--prompt-tokens", "Tokens of each prompt.", 4096, 1);
    private readonly Option<int> _maxTokens = Parsing.Integer("--max-tokens", "Tokens of each answer; end tokens don't end it.", 64, 1);
    private readonly Option<Workload?> _workload = new("--workload")
    {
        Description = "The three above in one, as NxP+G: 16x4096+64.",
        HelpName = "NxP+G",
        CustomParser = result =>
        {
            if (Workload.TryParse(result.Tokens[0].Value) is { } workload)
                return workload;
            result.AddError($"--workload is '{result.Tokens[0].Value}'. Give requests, prompt tokens and answer tokens as NxP+G, such as 16x4096+64.");
            return null;
        },
    };

    private readonly Option<int> _repeat = Parsing.Integer("--repeat", "Measured runs; the best one is reported.", 1, 1, 1000);
    private readonly Option<int> _seed = Parsing.Integer("--seed", "Seed of the prompts.", 1, 0);
    private readonly Option<string> _label = new("--label") { Description = "A word for the JSON line.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
    private readonly EngineFlags _engine = new();

    private BenchCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var bench = new BenchCommand(host);
        var command = new Command("bench", "Measure the engine on a synthetic mix of requests; the last line is JSON.")
        {
            bench._requests, bench._promptTokens, bench._maxTokens, bench._workload, bench._repeat, bench._seed, bench._label,
        };
        bench._engine.AddTo(command);
        command.SetAction(bench.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var workload = result.GetValue(_workload) ?? new Workload(result.GetValue(_requests), result.GetValue(_promptTokens), result.GetValue(_maxTokens));
        var model = _engine.Model.Open(result, _host.Error);
        var options = _engine.ReadEngine(result);
        var geometry = new KvGeometry(model.Spec, _engine.KvBytesPerElement(result, model));
        int tokens = CheckLength(workload, model);
        int slots = Math.Min(workload.Requests, options.MaxSequences);
        var memory = _engine.ReadMemory(result, model, options, slots * geometry.Bytes(tokens));
        _host.Error.WriteLine(memory.Explanation);

        long loading = _host.Time.GetTimestamp();
        StepClock? clock = null;
        await using var engine = InferenceEngine.Start(
            () => clock = new StepClock(_host.LoadRunner(model.Folder, _engine.ReadRunner(result, memory.Bytes)), _host.Time), options, tokenizer: null, endTokenIds: [], _host.Time);
        var info = await engine.Ready.WaitAsync(cancellationToken);
        var load = _host.Time.GetElapsedTime(loading);
        long bytesPerRequest = info.KvGeometry.Bytes(tokens);
        slots = (int)Math.Min(slots, info.KvBytes / bytesPerRequest);

        ulong seed = (ulong)result.GetValue(_seed);
        var warmUp = new Workload(Math.Min(2, workload.Requests), Math.Min(workload.PromptTokens, 2 * options.ChunkTokens), Math.Min(workload.AnswerTokens, 4));
        await BenchRun.MeasureAsync(engine, clock!, [.. warmUp.CreateRequests(seed + 1, info.VocabularySize)], _host.Time, cancellationToken); // Ready: the clock is there
        var runs = new List<BenchRun>();
        for (int i = 0; i < result.GetValue(_repeat); i++)
        {
            runs.Add(await BenchRun.MeasureAsync(engine, clock!, [.. workload.CreateRequests(seed, info.VocabularySize)], _host.Time, cancellationToken));
            _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"run {i + 1}: {workload} in {runs[^1].Wall.TotalSeconds:0.000} s, {workload.Requests * (long)tokens / runs[^1].Wall.TotalSeconds:N0} tokens/s, other processes {Percent(runs[^1].OtherCpu)}"));
        }

        if (runs.Select(r => r.Hash).Distinct().Count() > 1)
            throw BatchException.Job("Equal runs gave different tokens, which must never happen. Run mixbatch doctor and report what it says.");
        if (runs.MinBy(r => r.Wall)!.OtherCpu is > MostOtherCpu and { } others) // At least one run.
            _host.Error.WriteLine($"mixbatch: Other processes took {Percent(others)} of the machine, so these figures are too low. Run it again when they are done.");
        var measured = new Measured(load, slots, slots * bytesPerRequest, engine.Snapshot.PeakKvBytesUsed, info.KvBytes, runs);
        _host.Output.WriteLine(BenchJson.Write(Report(result, workload, model, options, measured)));
        return ExitCodes.Fine;
    }

    private static int CheckLength(Workload workload, ModelFacts model)
    {
        long tokens = (long)workload.PromptTokens + workload.AnswerTokens;
        if (tokens > model.Spec.MaxSequenceLength)
            throw BatchException.Usage($"A request of {workload} has {tokens} tokens, and the model takes at most {model.Spec.MaxSequenceLength}. Lower --prompt-tokens or --max-tokens.");
        return (int)tokens;
    }

    private BenchReport Report(ParseResult result, Workload workload, ModelFacts model, EngineOptions options, Measured measured)
    {
        var best = measured.Runs.MinBy(r => r.Wall)!; // at least one run
        long promptTokens = (long)workload.Requests * workload.PromptTokens, answerTokens = (long)workload.Requests * workload.AnswerTokens;
        double seconds = best.Wall.TotalSeconds;
        using var process = Process.GetCurrentProcess();
        return new BenchReport
        {
            Version = typeof(BenchCommand).Assembly.GetName().Version!.ToString(3), // every build has one
            Label = result.GetRequiredValue(_label),
            Model = _engine.Model.NameOf(result, model),
            Workload = workload.ToString(),
            Params = model.ParameterCount,
            ModelBytes = model.WeightBytes,
            Requests = workload.Requests,
            PromptTokens = promptTokens,
            GenTokens = answerTokens,
            Slots = measured.Slots,
            Seed = (ulong)result.GetValue(_seed),
            Threads = _engine.Threads(result) ?? Environment.ProcessorCount,
            Device = _engine.Device(result),
            Precision = _engine.PrecisionName(result),
            Chunk = options.ChunkTokens,
            TrimPrefill = options.TrimPrefill,
            LoadS = Round(measured.Load.TotalSeconds),
            PrefillS = Round(best.Prefill.Time.TotalSeconds),
            DecodeS = Round(best.Decode.Time.TotalSeconds),
            MixedS = Round(best.Mixed.Time.TotalSeconds),
            LinearS = Round(best.Forward.Linear.TotalSeconds),
            AttentionS = Round(best.Forward.Attention.TotalSeconds),
            OtherForwardS = Round((best.Forward.Total - best.Forward.Linear - best.Forward.Attention).TotalSeconds),
            OutsideForwardS = Round((best.Wall - best.Forward.Total).TotalSeconds),
            WallS = Round(seconds),
            PrefillTokS = Round(best.Prefill.TokensPerSecond),
            DecodeTokS = Round(best.Decode.TokensPerSecond),
            OutputTokS = Round(answerTokens / seconds),
            TotalTokS = Round((promptTokens + answerTokens) / seconds),
            Steps = best.Steps,
            PeakRssBytes = process.PeakWorkingSet64,
            KvBytes = measured.KvPeakBytes,
            KvFormulaBytes = measured.KvFormulaBytes,
            KvReservedBytes = measured.KvReservedBytes,
            RunsWallS = [.. measured.Runs.Select(r => Round(r.Wall.TotalSeconds))],
            RunsOtherCpu = [.. measured.Runs.Select(r => Round(r.OtherCpu))],
            OtherCpu = Round(best.OtherCpu),
            TokensHash = best.Hash,
        };
    }

    private sealed record Measured(TimeSpan Load, int Slots, long KvFormulaBytes, long KvPeakBytes, long KvReservedBytes, IReadOnlyList<BenchRun> Runs);

    private static double Round(double value) => Math.Round(value, 4);

    private static double? Round(double? value) => value is { } v ? Math.Round(v, 4) : null;

    private static string Percent(double? share) => share is { } s ? s.ToString("P1", CultureInfo.InvariantCulture) : "unknown";
}
