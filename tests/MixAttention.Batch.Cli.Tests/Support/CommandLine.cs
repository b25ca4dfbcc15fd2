using System.Text;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Queue;
using MixAttention.Engine;
using MixAttention.Engine.Execution;
using MixAttention.Engine.Scheduling;

namespace MixAttention.Batch.Cli.Tests.Support;

/// <summary>Runs command lines in this process and keeps what they print.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly CancellationTokenSource _interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private StringWriter _output = new();
    private StringWriter _error = new();

    public TemporaryFolder Folder { get; } = new();

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public string StandardInput { get; set; } = "";

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>The clock of queues; the machine's unless set.</summary>
    public TimeProvider QueueClock { get; set; } = TimeProvider.System;

    /// <summary>Runs on the engine thread before each step.</summary>
    public Action<StepPlan>? BeforeStep { get; set; }

    /// <summary>Changes the scripted model's logits before they are sampled.</summary>
    public Action<StepPlan, float[]>? ChangeLogits { get; set; }

    /// <summary>What the last run asked of its runner.</summary>
    public RunnerOptions? RunnerOptions { get; private set; }

    /// <summary>Gets the one line that a failed command prints.</summary>
    public string ErrorLine => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] && last.StartsWith("mixbatch: ", StringComparison.Ordinal) ? last["mixbatch: ".Length..] : $"(no error line in: {Error})";

    /// <summary>Runs a command line with the real decoder.</summary>
    public Task<int> RunAsync(params string[] args) => RunAsync(DecoderRunner.Load, args);

    /// <summary>Runs a command line with a model without arithmetic, which knows the demo model's vocabulary.</summary>
    public Task<int> RunScriptedAsync(params string[] args) => RunAsync(
        (_, options) =>
        {
            RunnerOptions = options;
            return ScriptedModel(options, plan => BeforeStep?.Invoke(plan), (plan, logits) => ChangeLogits?.Invoke(plan, logits));
        },
        args);

    /// <summary>Makes a model without arithmetic that takes the demo model's place.</summary>
    public static HashingModel ScriptedModel(RunnerOptions options, Action<StepPlan> beforeStep, Action<StepPlan, float[]>? changeLogits = null) =>
        new(options.KvBytes / 2, vocabularySize: 4096, maxSequenceLength: 32768) { BeforeStep = beforeStep, ChangeLogits = changeLogits };

    /// <summary>Copies the demo model into the test's folder, to be damaged there.</summary>
    /// <returns>Its path.</returns>
    public string CopyDemoModel(string name)
    {
        foreach (string file in Directory.EnumerateFiles(ModelFlag.DemoModel))
            Folder.Write(Path.Combine(name, Path.GetFileName(file)), File.ReadAllBytes(file));
        return Folder[name];
    }

    /// <summary>Copies the demo model without the end of its weights.</summary>
    /// <returns>Its path.</returns>
    public string CopyTruncatedModel(string name)
    {
        string weights = Path.Combine(CopyDemoModel(name), "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..5000]);
        return Folder[name];
    }

    /// <summary>Does what the first Ctrl-C does.</summary>
    public void Interrupt() => _interrupt.Cancel();

    public void Dispose()
    {
        _interrupt.Dispose();
        Folder.Dispose();
    }

    /// <summary>Runs a command line with any model.</summary>
    public async Task<int> RunAsync(Func<string, RunnerOptions, IModelRunner> loadRunner, params string[] args)
    {
        (_output, _error) = (new StringWriter(), new StringWriter());
        var host = new CliHost
        {
            Output = _output,
            Error = _error,
            OpenStandardInput = () => new MemoryStream(Encoding.UTF8.GetBytes(StandardInput)),
            ReadVariable = name => Variables.GetValueOrDefault(name),
            LoadRunner = loadRunner,
            OpenQueue = (file, lockDuration, _) => new SqliteJobQueue(file, lockDuration, QueueClock),
        };
        return await MixBatch.RunAsync(args, host, _interrupt.Token);
    }
}
