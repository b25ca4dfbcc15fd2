using MixAttention.Batch.Documents;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Summaries;

/// <summary>Summarizes the documents of a job that are longer than one call takes.</summary>
/// <remarks>
/// A call's prompt is a line that says what follows, the text, and the task's instruction. The line comes first and is the same for all calls of its kind, so that it is
/// computed once for all documents; the instruction comes last, as in a summary of one call.
/// </remarks>
internal sealed class Summarizer
{
    /// <summary>Counts the rules by which summaries were put together so far: prompts, budget and tree.</summary>
    public const int Version = 1;

    // Tokens may be a few more where two texts meet.
    private const int SlackTokens = 8;
    private const string Separator = "\n\n";
    private const int Map = 0;
    private const int Reduce = 1;

    private readonly Tokenizer _tokenizer;
    private readonly PromptTask _task;
    private readonly PromptBuilder _prompts;
    private readonly int _templateTokens;

    /// <summary>Prepares prompts.</summary>
    public Summarizer(Tokenizer tokenizer, ChatTemplate? chatTemplate, PromptTask task, SamplingParams sampling)
    {
        _tokenizer = tokenizer;
        _task = task;
        Sampling = sampling;
        string[] heads = ["What follows is a part of a longer document.", "What follows are summaries of the parts of a document, in their order."];
        _prompts = new PromptBuilder(tokenizer, chatTemplate, new PromptTask("template", [.. heads.Select(h => $"{h}{Separator}{PromptTask.DocumentPlaceholder}{Separator}{task.Instructions[0]}")]));
        _templateTokens = Math.Max(BuildMap("").TokenIds.Length, BuildReduce([]).TokenIds.Length) + SlackTokens;
    }

    /// <summary>Gets how tokens are chosen.</summary>
    public SamplingParams Sampling { get; }

    /// <summary>Tells whether a document that has this prompt in one call needs several.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="maxSequenceLength">What the model takes, prompt and answer together.</param>
    public bool IsNeeded(Prompt prompt, int maxSequenceLength) => (long)prompt.TokenIds.Length + Sampling.MaxTokens > ContextLength(maxSequenceLength);

    /// <summary>Makes the calls for a document.</summary>
    /// <param name="customId">The request's name; calls have it in theirs, so that their random numbers differ.</param>
    /// <param name="text">The document's text.</param>
    /// <param name="maxSequenceLength">What the model takes, prompt and answer together.</param>
    /// <param name="ask">Makes a call, which it is also told the name of.</param>
    /// <returns>What came of it; null when a call was cancelled.</returns>
    public Task<SummaryOutcome?> RunAsync(string customId, string text, int maxSequenceLength, Func<GenerationRequest, string, Task<GenerationResult>> ask) =>
        new SummaryRun(this, customId, text, BudgetOf(ContextLength(maxSequenceLength)), ask).RunAsync();

    /// <summary>Cuts a text into chunks that a map takes.</summary>
    public IReadOnlyList<Chunk> Cut(string text, SummaryBudget budget) => Chunker.Cut(text, budget.Room, piece => _tokenizer.Encode(Tokenizer.CleanDocument(piece)).Length);

    /// <summary>Makes the prompt that summarizes a chunk.</summary>
    public Prompt BuildMap(string chunk) => _prompts.Build(chunk, Map);

    /// <summary>Makes the prompt that joins summaries.</summary>
    public Prompt BuildReduce(IEnumerable<string> summaries) => _prompts.Build(string.Join(Separator, summaries.Select(s => s.TrimEnd())), Reduce);

    /// <summary>Tells that a context is too small to summarize anything in parts.</summary>
    public GenerationError NoRoom(SummaryBudget budget) => new(
        ErrorCodes.ContextLengthExceeded,
        $"The document is longer than one call takes, and a call of {budget.ContextLength} tokens, of which {budget.OutputTokens} are for the answer and {_templateTokens} for instructions, " +
        $"leaves no room for {Chunker.MinTokens} tokens of text. Lower --max-tokens or raise --summary-context.");

    private SummaryBudget BudgetOf(int contextLength) => new(contextLength, Sampling.MaxTokens, _templateTokens, _tokenizer.Encode(Separator).Length);

    private int ContextLength(int maxSequenceLength) => Math.Min(maxSequenceLength, _task.ContextTokens ?? maxSequenceLength);
}
