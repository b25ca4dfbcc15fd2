using System.Runtime.CompilerServices;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;

namespace MixAttention.Batch.Jobs;

/// <summary>The lines of a .jsonl file: rows of an OpenAI batch file, or documents.</summary>
/// <remarks>
/// One pass checks the whole file, copies its lines into the store, lists them and cuts them into shards; a fault of the file leaves nothing of that. When a job is taken up
/// again, each line must ask what the line in its place asked, however it is written; lines behind them are added. A pass keeps 27 to 54 bytes a line, for documents some 20 to
/// 40 more, and the longest line.
/// </remarks>
/// <param name="file">The file's name in messages.</param>
/// <param name="open">Opens the file from its start.</param>
/// <param name="fileBytes">Its length; null when nobody knows.</param>
public sealed class LinesInput(string file, Func<Stream> open, long? fileBytes) : IJobInput
{
    private const int LeastLineBytes = 64; // Fewer bytes hold no request; only for a bound.

    /// <summary>Gets the longest line taken.</summary>
    public int MaxLineBytes { get; init; } = LineReader.DefaultMaxLineBytes;

    /// <summary>Gets what the last pass found in the file; null before.</summary>
    public InputReport? Report { get; private set; }

    /// <summary>Gets nothing: lines are told apart by their places, so none may change.</summary>
    public IReadOnlyList<ListedDocument> Corrected => [];

    /// <inheritdoc />
    public IEnumerable<long> ListLargest(int count)
    {
        long bytes = fileBytes ?? long.MaxValue;
        return Enumerable.Repeat(Math.Min(bytes, MaxLineBytes), (int)Math.Min(count, (bytes / LeastLineBytes) + 1));
    }

    /// <inheritdoc />
    public Task<int> CountAsync(JobManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (fileBytes is null)
            throw BatchException.Usage($"{file} can be read once, and a dry run reads its lines twice. Write them into a file.");
        return manifest.Input.Fields is { } fields
            ? CountAsync(new InputValidator<DocumentRow>(new DocumentRowParser(fields).Parse, MaxLineBytes), cancellationToken)
            : CountAsync(new InputValidator<BatchRow>(BatchRowParser.Of(manifest).Parse, MaxLineBytes), cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<PlannedShard>> AddAsync(JobSegment segment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(segment);
        var manifest = segment.Manifest;
        return manifest.Input.Fields is { } fields
            ? AddAsync(segment, new InputValidator<DocumentRow>(new DocumentRowParser(fields).Parse, MaxLineBytes), cancellationToken)
            : AddAsync(segment, new InputValidator<BatchRow>(BatchRowParser.Of(manifest).Parse, MaxLineBytes), cancellationToken);
    }

    private async Task<int> CountAsync<T>(InputValidator<T> validator, CancellationToken cancellationToken)
        where T : class
    {
        var stream = open();
        await using var _ = stream.ConfigureAwait(false);
        await foreach (var __ in validator.ReadAsync(stream, cancellationToken).ConfigureAwait(false))
        {
        }

        Report = validator.Report;
        Report.ThrowIfFaulty(file);
        return Report.Rows;
    }

    private async Task<IReadOnlyList<PlannedShard>> AddAsync<T>(JobSegment segment, InputValidator<T> validator, CancellationToken cancellationToken)
        where T : class
    {
        IReadOnlyList<PlannedShard> shards = [];
        await segment.Store.PutIfMatchAsync(
            segment.Lines,
            etag: null,
            async (copy, stop) =>
            {
                var added = ListAddedAsync(segment, validator, copy, stop);
                shards = await Listing.WriteAsync(segment.Store, segment.Listing, added, segment.Former.ShardCount, segment.DocumentsPerShard, stop).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return shards;
    }

    /// <summary>Copies and lists the lines that the job does not hold yet; at their end it is known whether the file can be run.</summary>
    private async IAsyncEnumerable<ListedDocument> ListAddedAsync<T>(JobSegment segment, InputValidator<T> validator, Stream copy, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        var stream = open();
        await using var _ = stream.ConfigureAwait(false);
        var held = Listing.ReadAllAsync(segment.Store, segment.Artifacts, segment.Former, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var __ = held.ConfigureAwait(false);
        var differences = new InputDifferences("lines", "Bring them back, and run what is corrected as a file of its own into another output folder; or start over with --overwrite.");
        var texts = new TextPathPlan();
        int instructions = segment.Manifest.Task.Instructions.Count; // None for rows: they have no texts.
        int row = segment.Former.Rows;
        long offset = 0;
        bool isHeld = true;
        await foreach (var line in validator.ReadAsync(stream, cancellationToken).ConfigureAwait(false))
        {
            if (line.Index % segment.Stride != 0)
                continue;
            string id = line.Parsed.Id!; // A row has an id.
            string[] paths = [.. Enumerable.Range(0, instructions).Select(i => texts.Add(id, i))];
            isHeld = isHeld && await held.MoveNextAsync().ConfigureAwait(false);
            if (isHeld)
            {
                if (held.Current.Id != id)
                    differences.AddMoved(held.Current.Id);
                else if (held.Current.Sha256 != line.Parsed.Sha256)
                    differences.AddChanged(id);
                continue;
            }

            await copy.WriteAsync(line.Line, cancellationToken).ConfigureAwait(false);
            copy.WriteByte((byte)'\n');
            var listed = new ListedDocument(row, id, line.Line.Length, paths) { Artifact = segment.Lines, Offset = offset, Sha256 = line.Parsed.Sha256 };
            yield return listed;
            (row, offset) = (row + listed.Requests, offset + line.Line.Length + 1);
        }

        Report = validator.Report;
        Report.ThrowIfFaulty(file);
        bool hasMore = isHeld && await held.MoveNextAsync().ConfigureAwait(false);
        if (hasMore || differences.Any)
            await RefuseAsync(segment, validator, differences, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Names what differs, the lines that are not there any more among it.</summary>
    private static async Task RefuseAsync<T>(JobSegment segment, InputValidator<T> validator, InputDifferences differences, CancellationToken cancellationToken)
        where T : class
    {
        await foreach (var listed in Listing.ReadAllAsync(segment.Store, segment.Artifacts, segment.Former, cancellationToken).ConfigureAwait(false))
        {
            if (!validator.Has(listed.Id))
                differences.AddGone(listed.Id);
        }

        differences.ThrowIfAny();
    }
}
