using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;
using MixAttention.Engine;
using MixAttention.Model.ChatTemplates;

namespace MixAttention.Batch.Worker;

/// <summary>Makes the rows of a batch file ready to run. Safe for concurrent use.</summary>
internal sealed class RowRequests(IArtifactStore store, EngineHost engine, JobManifest manifest, ChatTemplate? chatTemplate, RecordFactory records) : IRequestSource
{
    private readonly BatchRowParser _parser = BatchRowParser.Of(manifest);

    /// <inheritdoc />
    public async Task<PreparedRequest> PrepareAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        var row = await StoredLine.ReadAsync(store, request.Document, _parser.Parse, cancellationToken).ConfigureAwait(false);
        if (row.Content is not { } content)
            return PreparedRequest.Failed(request, Fail(request, row.Error!)); // Without content there is an error.
        var feed = await engine.GetFeedAsync(cancellationToken).ConfigureAwait(false); // Loaded by now: only it knows how long a request may be.
        var built = new RowPromptBuilder(engine.Model.Text.Tokenizer, chatTemplate, feed.Info.MaxSequenceLength).Build(content);
        if (built.Prompt is not { } prompt)
            return PreparedRequest.Failed(request, Fail(request, built.Error!)); // Without a prompt there is an error.
        var call = new GenerationRequest { CustomId = request.CustomId, PromptIds = prompt.TokenIds, ForkPosition = prompt.ForkPosition, Sampling = built.Sampling };
        return new PreparedRequest(request, prompt.TokenIds.Length, async calls => Record(request, row, await calls.RunAsync(call).ConfigureAwait(false)), null) { MaxTokens = built.Sampling.MaxTokens };
    }

    /// <inheritdoc />
    public ResultLine Fail(BatchRequest request, GenerationError error) =>
        ResultLine.Of(records.Failure(request.Row, new ParsedRow<BatchRow>(request.CustomId, request.Document.Sha256, null, error), error));

    private ResultLine? Record(BatchRequest request, ParsedRow<BatchRow> row, GenerationResult result) =>
        result.FinishReason == FinishReason.Cancelled ? null
        : result.Error is { } error ? Fail(request, error)
        : ResultLine.Of(records.Success(request.Row, row, result));
}
