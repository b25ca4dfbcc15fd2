using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MixAttention.Batch.Cli.Benchmarking;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Evaluation;
using MixAttention.Batch.Memory;
using MixAttention.Batch.Models;
using MixAttention.Compute;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Cli.Diagnosis;

/// <summary>Checks what a run needs: each check ends in a finding, and what cannot be checked after a failure is left out.</summary>
internal sealed class Doctor(CliHost host, EngineFlags flags, ParseResult result)
{
    private const long KvBytes = 64L << 20;

    /// <summary>Examines machine, libtorch, device, memory and model, in the order in which a run needs them.</summary>
    public async IAsyncEnumerable<Finding> ExamineAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new Finding("machine", true, $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors");
        yield return Check("memory", ExamineMemory);
        var torch = Check("libtorch", ExamineTorch);
        yield return torch;
        if (!torch.IsFine)
            yield break;
        yield return Check("kernels", ExamineKernels);
        var device = Check("device", ExamineDevice);
        yield return device;

        string folder = flags.Model.Folder(result);
        var inspection = Directory.Exists(folder) ? ModelInspection.Of(folder) : null;
        yield return Check("model", () => Describe(folder, inspection));
        if (!device.IsFine || inspection?.Facts is not { } model)
            yield break;
        await foreach (var finding in ExamineEngineAsync(model, cancellationToken))
            yield return finding;
        if (folder == ModelFlag.DemoModel && inspection.Problems.Count == 0)
            yield return await CheckAsync("answers", () => ExamineAnswersAsync(model, cancellationToken));
    }

    private static string ExamineMemory()
    {
        var memory = HostMemory.Read();
        return $"{ByteSize.Format(memory.FreeBytes)} free{(memory.IsLimitedByCgroup ? ", limited by the control group" : "")}";
    }

    private string ExamineTorch()
    {
        TorchRuntime.Initialize(flags.Threads(result));
        return TorchRuntime.Describe();
    }

    private static string ExamineKernels()
    {
        var results = KernelCheck.Run();
        string all = string.Join(", ", results.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Kernel} {r.Difference:0.0e+0}")));
        return results.All(r => r.IsFine)
            ? $"fast paths equal their portable twins: {all}"
            : throw BatchException.Job($"A fast path differs from its portable twin: {all}. Please report this with the lines above.");
    }

    private string ExamineDevice()
    {
        var device = new ComputeDevice(flags.Device(result), flags.ReadRunner(result, 0).Precision, checkpointIsBFloat16: true);
        return $"{flags.Device(result)}; a bfloat16 checkpoint gets {device.Formats}";
    }

    private string Describe(string folder, ModelInspection? inspection)
    {
        if (inspection is null)
            throw BatchException.Usage($"There is no model folder {folder}. Give --model a folder with config.json, *.safetensors and tokenizer.json.");
        if (inspection.Problems.Count > 0)
            throw BatchException.Job(string.Join(" ", inspection.Problems));
        var facts = inspection.Facts!; // no problems, so it was read
        return string.Create(CultureInfo.InvariantCulture, $"{flags.Model.NameOf(result, facts)}: {facts.Spec.Family}, {facts.ParameterCount:N0} parameters, {ByteSize.Format(facts.WeightBytes)}");
    }

    /// <summary>Loads the model, which checks every shape's products, and lets one request run alone and in company.</summary>
    private async IAsyncEnumerable<Finding> ExamineEngineAsync(ModelFacts model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var engine = InferenceEngine.Start(() => host.LoadRunner(model.Folder, flags.ReadRunner(result, KvBytes)), flags.ReadEngine(result), tokenizer: null, endTokenIds: [], host.Time);
        var load = await CheckAsync("self-check", async () =>
        {
            var info = await engine.Ready.WaitAsync(cancellationToken);
            return $"rows of products keep their bits whatever stands beside them; numerics version {info.NumericsVersion}";
        });
        yield return load;
        if (load.IsFine)
            yield return await CheckAsync("invariance", () => ExamineInvarianceAsync(engine, model, cancellationToken));
    }

    private static async Task<string> ExamineInvarianceAsync(InferenceEngine engine, ModelFacts model, CancellationToken cancellationToken)
    {
        int length = Math.Min(64, model.Spec.MaxSequenceLength / 2);
        var workload = new Workload(8, length, Math.Min(8, length));
        GenerationRequest[] requests = [.. workload.CreateRequests(1, model.Spec.VocabularySize)];
        string alone = await AnswerAsync(engine, requests[..1], cancellationToken);
        string inCompany = await AnswerAsync(engine, requests, cancellationToken);
        return alone == inCompany
            ? $"a request gave the same {workload.AnswerTokens} tokens alone and among {workload.Requests - 1} others"
            : throw BatchException.Job("A request gave other tokens among others than alone. Please report this with the lines above.");
    }

    /// <summary>Runs requests together and hashes the first one's tokens.</summary>
    private static async Task<string> AnswerAsync(InferenceEngine engine, GenerationRequest[] requests, CancellationToken cancellationToken)
    {
        foreach (var request in requests)
            await engine.SubmitAsync(request, cancellationToken);
        string first = "";
        for (int i = 0; i < requests.Length; i++)
        {
            var answer = await engine.Results.ReadAsync(cancellationToken);
            if (answer.Error is { } error)
                throw BatchException.Job(error.Message);
            if (answer.CustomId == requests[0].CustomId)
                first = TokensHash.Of([answer.TokenIds]);
        }

        return first;
    }

    private async Task<string> ExamineAnswersAsync(ModelFacts model, CancellationToken cancellationToken)
    {
        var cases = TruthFile.Read(Path.Combine(ModelFlag.DemoSamples, "truth.jsonl"), documents: null, limit: 1);
        using var text = TextModel.Open(model, () => host.LoadRunner(model.Folder, flags.ReadRunner(result, KvBytes)));
        var report = await new Evaluator(text, flags.ReadEngine(result), new SamplingParams(), host.Time).RunAsync(cases, EvaluationTask.All, cancellationToken);
        return report.Misses.Count == 0
            ? $"the demo model answered all {report.Requests} questions about a sample document rightly"
            : throw BatchException.Job($"The demo model answered {report.Misses.Count} of {report.Requests} questions about a sample document wrongly. Please report this with the lines above.");
    }

    private static Finding Check(string subject, Func<string> check)
    {
        try
        {
            return new Finding(subject, true, check());
        }
#pragma warning disable CA1031 // A diagnosis reports whatever goes wrong.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Finding(subject, false, e.Message.ReplaceLineEndings(" "));
        }
    }

    private static async Task<Finding> CheckAsync(string subject, Func<Task<string>> check)
    {
        try
        {
            return new Finding(subject, true, await check());
        }
#pragma warning disable CA1031 // A diagnosis reports whatever goes wrong.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return new Finding(subject, false, e.Message.ReplaceLineEndings(" "));
        }
    }
}
