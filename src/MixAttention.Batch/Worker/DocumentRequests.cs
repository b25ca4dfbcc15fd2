using MixAttention.Batch.Documents;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;
using MixAttention.Batch.Summaries;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Makes requests of a job's listed documents, and lines of their results.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed class DocumentRequests : IRequestSource
{
    private readonly IArtifactStore _store;
    private readonly JobManifest _manifest;
    private readonly PromptBuilder _prompts;
    private readonly Summarizer? _summarizer; // Of jobs that summarize.
    private readonly RecordFactory _records;
    private readonly DocumentReader _reader;
    private readonly DocumentRowParser? _lines; // Null where documents lie in files.
    private (DocumentEntry Entry, Document Document)? _last; // Several requests about one document follow each other.

    public DocumentRequests(IArtifactStore store, JobManifest manifest, PromptBuilder prompts, Summarizer? summarizer, RecordFactory records)
    {
        _store = store;
        _manifest = manifest;
        _prompts = prompts;
        _summarizer = summarizer;
        _records = records;
        _reader = new DocumentReader(manifest.Input.MaxDocumentBytes, OpenArtifactAsync);
        _lines = manifest.Input.Fields is { } fields ? new DocumentRowParser(fields) : null;
    }

    /// <inheritdoc />
    public async Task<PreparedRequest> PrepareAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        if (_last?.Entry != request.Document)
            _last = (request.Document, await ReadAsync(request.Document, cancellationToken).ConfigureAwait(false));
        var document = _last.Value.Document;
        if ((document.Error ?? FindMissingField(request, document)) is { } error)
            return PreparedRequest.Failed(request, ResultLine.Of(_records.Failure(request, document.Sha256, error)));
        var prompt = _prompts.Build(document.Text!, request.InstructionIndex, document.Metadata); // No error, so there is text.
        return new PreparedRequest(request, prompt.TokenIds.Length, calls => RunAsync(request, document, prompt, calls), null) { MaxTokens = _manifest.Sampling.MaxTokens };
    }

    /// <inheritdoc />
    public ResultLine Fail(BatchRequest request, GenerationError error) => ResultLine.Of(_records.Failure(request, request.Document.Sha256, error));

    private GenerationError? FindMissingField(BatchRequest request, Document document) => _prompts.FindMissingField(document.Metadata, request.InstructionIndex) is { } field
        ? new GenerationError(ErrorCodes.InvalidRequest, $"The prompt names the field {field}, which {request.Document.Id} does not have as a text or number. Add it to the line, or ask without it.")
        : null;

    private async Task<ResultLine?> RunAsync(BatchRequest request, Document document, Prompt prompt, RequestCalls calls)
    {
        var outcome = _summarizer?.IsNeeded(prompt, calls.MaxSequenceLength) == true
            ? await _summarizer.RunAsync(request.CustomId, document.Text!, calls.MaxSequenceLength, calls.RunAsync).ConfigureAwait(false) // It has a prompt, so there is text.
            : new SummaryOutcome(await calls.RunAsync(CallOf(request, prompt)).ConfigureAwait(false), null);
        if (outcome is null || outcome.Result.FinishReason == FinishReason.Cancelled)
            return null;
        return ResultLine.Of(outcome.Result.Error is { } error
            ? _records.Failure(request, document.Sha256, error)
            : _records.Success(request, document.Sha256, outcome.Result, outcome.Summary));
    }

    private GenerationRequest CallOf(BatchRequest request, Prompt prompt) => new()
    {
        CustomId = request.CustomId,
        PromptIds = prompt.TokenIds,
        ForkPosition = prompt.ForkPosition,
        ExpectsSharers = _manifest.Task.SharesPrefixes,
        Sampling = _manifest.Sampling,
    };

    private async Task<Document> ReadAsync(DocumentEntry entry, CancellationToken cancellationToken)
    {
        if (_lines is null)
            return await _reader.ReadAsync(entry, cancellationToken).ConfigureAwait(false);
        var line = await StoredLine.ReadAsync(_store, entry, _lines.Parse, cancellationToken).ConfigureAwait(false);
        return new Document(line.Content?.Text, line.Sha256, line.Error) { Metadata = line.Content?.Metadata };
    }

    private async Task<Stream> OpenArtifactAsync(string name, CancellationToken cancellationToken) =>
        (await _store.ReadAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false))?.Stream
            ?? throw new FileNotFoundException($"The store holds no {name}.");
}
