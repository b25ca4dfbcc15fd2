using System.Text;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Worker;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Runs jobs on a model without arithmetic and the demo model's tokenizer.</summary>
internal sealed class JobFixture : IDisposable
{
    private static readonly string ModelFolder = Path.Combine(AppContext.BaseDirectory, "DemoModel");

    // Loaded once for all tests: it is safe for concurrent use and takes a while.
    private static readonly Tokenizer SharedTokenizer = Tokenizer.Load(ModelFolder);

    private static readonly Lazy<int[]> OtherTokens = new(() =>
        [.. Enumerable.Range(0, SharedTokenizer.VocabularySize).Where(id => SharedTokenizer.Decode([id]) is var text && !(text.StartsWith(' ') && text.Length > 2 && text.Skip(1).All(char.IsAsciiLetterLower)))]);

    public TemporaryFolder Folder { get; } = new();

    public Tokenizer Tokenizer { get; } = SharedTokenizer;

    public ChatTemplate? ChatTemplate { get; } = ChatTemplate.Load(ModelFolder, SharedTokenizer);

    public string[] Inputs { get; set; } = ["docs"];

    /// <summary>Gets or sets the .jsonl file that takes the place of <see cref="Inputs"/>.</summary>
    public string? LinesFile { get; set; }

    /// <summary>Gets or sets what the listing holds.</summary>
    public JobInput Described { get; set; } = new(JobInput.Documents, 20_000);

    public string ModelName { get; set; } = "scripted";

    public PromptTask Task { get; set; } = PromptTask.Summarize;

    public SamplingParams Sampling { get; set; } = new() { MaxTokens = 6 };

    public int ArenaTokens { get; set; } = 2000;

    public int MaxSequences { get; set; } = 4;

    public string Output { get; set; } = "out";

    public Action<string>? Log { get; set; }

    public string StandardInput { get; set; } = "From standard input.";

    /// <summary>Runs on the engine thread before each step.</summary>
    public Action<StepPlan>? BeforeStep { get; set; }

    /// <summary>Keeps the model to tokens that are words, of which texts have as many when they are read again.</summary>
    public bool SpeaksWords { get; set; }

    public bool Overwrites { get; set; }

    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(25);

    public JobManifest Manifest => new()
    {
        JobId = JobSubmission.NewJobId(TimeProvider.System),
        CreatedAt = DateTimeOffset.UnixEpoch,
        Input = Described,
        Task = Task,
        Sampling = Sampling,
        ModelName = ModelName,
    };

    public WorkerModel Model => new()
    {
        Name = ModelName,
        Text = new TextModel(Tokenizer, _ => ChatTemplate, [0], () => new HashingModel(HashingModel.Geometry.Elements(ArenaTokens), Tokenizer.VocabularySize, maxSequenceLength: 600) { BeforeStep = plan => BeforeStep?.Invoke(plan), ChangeLogits = SpeaksWords ? KeepWords : null }),
        Digest = _ => System.Threading.Tasks.Task.FromResult(new ModelDigest("model", "tokenizer", "template")),
        Engine = new EngineOptions { ChunkTokens = 16, MaxTokensPerStep = 64, MaxSequences = MaxSequences, MaxWaiting = 4 },
    };

    /// <summary>Gets what the job is made of: the documents of <see cref="Inputs"/>, or the lines of <see cref="LinesFile"/>.</summary>
    public IJobInput Input => LinesFile is { } file
        ? new LinesInput(file, () => File.OpenRead(Folder[file]), new FileInfo(Folder[file]).Length)
        : new DocumentInput(DocumentFinder.Find(new DocumentQuery { Inputs = [.. Inputs.Select(i => i == "-" ? i : Folder[i])], OutputFolder = Folder[Output] }), () => new MemoryStream(Encoding.UTF8.GetBytes(StandardInput)));

    public LocalRun Create() =>
        new(Manifest, Input, Folder[Output], Model, new WorkerOptions { DrainTime = DrainTime, Log = line => Log?.Invoke(line) }, TimeProvider.System) { Overwrites = Overwrites };

    public async Task<JobReport> RunAsync()
    {
        await using var run = Create();
        return await run.RunAsync(TestContext.Current.CancellationToken);
    }

    public string ReadAll(string path) => File.ReadAllText(Folder[path]);

    public void Dispose() => Folder.Dispose();

    private static void KeepWords(StepPlan plan, float[] logits)
    {
        foreach (int id in OtherTokens.Value)
            logits[id] = float.NegativeInfinity;
    }
}
