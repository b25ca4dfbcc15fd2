using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Makes requests of a job's listed documents, and lines of their results.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed class DocumentRequests
{
    private readonly IArtifactStore _store;
    private readonly JobManifest _manifest;
    private readonly PromptBuilder _prompts;
    private readonly RecordFactory _records;
    private readonly DocumentReader _reader;
    private (DocumentEntry Entry, Document Document)? _last; // Several requests about one document follow each other.

    public DocumentRequests(IArtifactStore store, JobManifest manifest, PromptBuilder prompts, RecordFactory records)
    {
        _store = store;
        _manifest = manifest;
        _prompts = prompts;
        _records = records;
        _reader = new DocumentReader(manifest.Input.MaxDocumentBytes, OpenArtifactAsync);
    }

    /// <summary>Lists the requests of a shard.</summary>
    public async Task<IReadOnlyList<BatchRequest>> ListAsync(ShardPlan segment, PlannedShard shard, CancellationToken cancellationToken)
    {
        var documents = await Listing.ReadAsync(_store, new JobArtifacts(_manifest.JobId).Listing(segment.Segment), shard, cancellationToken).ConfigureAwait(false);
        return [.. documents.SelectMany(ListRequests)];
    }

    /// <summary>Reads a request's document and makes its prompt.</summary>
    public async Task<PreparedRequest> PrepareAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        if (_last?.Entry != request.Document)
            _last = (request.Document, await _reader.ReadAsync(request.Document, cancellationToken).ConfigureAwait(false));
        var document = _last.Value.Document;
        if (document.Error is { } error)
            return PreparedRequest.Failed(request, ResultLine.Of(_records.Failure(request, document.Sha256, error)));
        var prompt = _prompts.Build(document.Text!, request.InstructionIndex); // No error, so there is text.
        var call = new GenerationRequest
        {
            CustomId = request.CustomId,
            PromptIds = prompt.TokenIds,
            ForkPosition = prompt.ForkPosition,
            ExpectsSharers = _manifest.Task.SharesPrefixes,
            Sampling = _manifest.Sampling,
        };
        return new PreparedRequest(request, prompt.TokenIds.Length, async calls => Record(request, document.Sha256, await calls.RunAsync(call).ConfigureAwait(false)), null);
    }

    /// <summary>Makes the line of a request that is not run.</summary>
    public ResultLine Fail(BatchRequest request, GenerationError error) => ResultLine.Of(_records.Failure(request, request.Document.Sha256, error));

    /// <summary>Makes the line of a request that ran; null when it was cancelled.</summary>
    private ResultLine? Record(BatchRequest request, string? documentSha256, GenerationResult result) => result.FinishReason == FinishReason.Cancelled
        ? null
        : ResultLine.Of(result.Error is { } error ? _records.Failure(request, documentSha256, error) : _records.Success(request, documentSha256, result));

    private IEnumerable<BatchRequest> ListRequests(ListedDocument listed)
    {
        var document = new DocumentEntry(listed.Row, listed.Id, listed.Path, listed.Bytes) { Artifact = listed.Artifact, Sha256 = listed.Sha256 };
        return (listed.Instructions ?? Enumerable.Range(0, listed.Texts.Count))
            .Select(i => new BatchRequest(listed.Row + i, i == 0 ? listed.Id : $"{listed.Id}#q{i + 1}", document, i, listed.Texts[i]));
    }

    private async Task<Stream> OpenArtifactAsync(string name, CancellationToken cancellationToken) =>
        (await _store.ReadAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false))?.Stream
            ?? throw new FileNotFoundException($"The store holds no {name}.");
}
