using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Prompts;
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

    public TemporaryFolder Folder { get; } = new();

    public Tokenizer Tokenizer { get; } = Tokenizer.Load(ModelFolder);

    public ChatTemplate? ChatTemplate => ChatTemplate.Load(ModelFolder, Tokenizer);

    public string[] Inputs { get; set; } = ["docs"];

    public PromptTask Task { get; set; } = PromptTask.Summarize;

    public SamplingParams Sampling { get; set; } = new() { MaxTokens = 6 };

    public int ArenaTokens { get; set; } = 2000;

    public int MaxSequences { get; set; } = 4;

    public string Output { get; set; } = "out";

    /// <summary>Runs on the engine thread before each step.</summary>
    public Action<StepPlan>? BeforeStep { get; set; }

    public BatchJob Create()
    {
        var documents = DocumentFinder.Find(new DocumentQuery { Inputs = [.. Inputs.Select(i => i == "-" ? i : Folder[i])], OutputFolder = Folder[Output] }).Documents;
        var manifest = new JobManifest { Documents = documents, Task = Task, Sampling = Sampling, ModelName = "scripted", CreatedAt = DateTimeOffset.UnixEpoch };
        var options = new BatchOptions { OutputFolder = Folder[Output], MaxDocumentBytes = 20_000, Engine = new EngineOptions { ChunkTokens = 16, MaxTokensPerStep = 64, MaxSequences = MaxSequences, MaxWaiting = 4 } };
        var model = new TextModel(Tokenizer, ChatTemplate, [0], () => new HashingModel(HashingModel.Geometry.Elements(ArenaTokens), Tokenizer.VocabularySize, maxSequenceLength: 600) { BeforeStep = plan => BeforeStep?.Invoke(plan) });
        return new BatchJob(manifest, options, model, "fingerprint", () => new MemoryStream("From standard input."u8.ToArray()), TimeProvider.System);
    }

    public Task<JobReport> RunAsync() => Create().RunAsync(TestContext.Current.CancellationToken);

    public string ReadAll(string path) => File.ReadAllText(Folder[path]);

    public void Dispose()
    {
        Tokenizer.Dispose();
        Folder.Dispose();
    }
}
