using System.Globalization;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Summaries;

/// <summary>Plans the calls that summarize a long document: a map per chunk, then reduces as a tree until one text remains.</summary>
/// <remarks>
/// Which summaries a reduce joins follows from the number of chunks alone: neighbours, in groups as even as can be. So the calls are the same in every run and in whatever
/// order their answers come, and a reduce is ready as soon as its own inputs are there. The tree is never deeper than ceil(log of chunks to the base of fan-in).
/// Knows no model, prompt or token text; not safe for concurrent use.
/// </remarks>
public sealed class SummaryGraph
{
    private readonly int _maxOutputTokens;
    private readonly List<string?[]> _texts = []; // By level and index; null until known.
    private readonly Dictionary<string, (int Level, int Index)> _open = new(StringComparer.Ordinal); // Calls without an answer whose inputs are there.
    private readonly Queue<string> _reduces = new(); // Ready and not given out. They come before maps: each frees what it joins.
    private readonly Queue<string> _maps = new();

    /// <summary>Plans a summary.</summary>
    /// <param name="chunkCount">From 1.</param>
    /// <param name="fanIn">How many summaries a reduce may join; below 2 fails a document of several chunks with <c>reduce_not_converging</c>.</param>
    /// <param name="maxOutputTokens">The most tokens of an answer: a longer one would not fit where the fan-in counts on it.</param>
    public SummaryGraph(int chunkCount, int fanIn, int maxOutputTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxOutputTokens, 1);
        _maxOutputTokens = maxOutputTokens;
        _texts.Add(new string?[chunkCount]);
        if (chunkCount > 1 && fanIn < 2)
        {
            Error = new GenerationError(
                ErrorCodes.ReduceNotConverging,
                $"The document has {chunkCount} chunks, but not even two summaries of {maxOutputTokens} tokens fit into one prompt to be joined. Lower --max-tokens, or take a model of a longer context.");
            return;
        }

        for (int count = chunkCount; count > 1; count = (count + fanIn - 1) / fanIn)
            _texts.Add(new string?[(count + fanIn - 1) / fanIn]);
        for (int chunk = 0; chunk < chunkCount; chunk++)
            Offer(0, chunk);
    }

    /// <summary>Gets the number of chunks.</summary>
    public int ChunkCount => _texts[0].Length;

    /// <summary>Gets the number of levels of reduces; 0 when one call answers.</summary>
    public int Depth => _texts.Count - 1;

    /// <summary>Gets whether a partial summary was cut short by its limit, so that something may be missing from the result.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Gets why there will be no summary; null while there may be.</summary>
    public GenerationError? Error { get; private set; }

    /// <summary>Gets the summary; null until it is there.</summary>
    public string? Text => Error is null ? _texts[^1][0] : null;

    /// <summary>Takes the next call that can be made now; null when there is none until another answer comes, or at all.</summary>
    public SummaryCall? Next()
    {
        while (Error is null && (_reduces.TryDequeue(out string? id) || _maps.TryDequeue(out id)))
        {
            if (_open.TryGetValue(id, out var call)) // Else it was answered before it was asked, from a checkpoint.
                return new SummaryCall(id, call.Level, call.Index, call.Level == 0 ? [] : [.. Inputs(call.Level, call.Index).Select(i => _texts[call.Level - 1][i]!)]); // Ready: all are there.
        }

        return null;
    }

    /// <summary>Takes the answer to a call, whether it was given out by <see cref="Next"/> or comes from a checkpoint.</summary>
    /// <param name="finishReason">Why the model stopped: <c>stop</c>, or <c>length</c> when its limit cut it short.</param>
    /// <param name="tokens">The answer's length.</param>
    /// <exception cref="ArgumentException">There is no such call, it was answered, or it waits for others' answers.</exception>
    public void Accept(string id, string text, string finishReason, int tokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!_open.Remove(id, out var call))
            throw new ArgumentException($"{id} is no call that waits for an answer. Answer each call once, and reduces after their inputs.", nameof(id));
        bool isLast = call.Level == Depth;
        if (!isLast && finishReason == "length")
            IsTruncated = true;
        if (isLast && string.IsNullOrWhiteSpace(text))
            Error ??= new GenerationError(ErrorCodes.EmptyOutput, "The model's summary is empty. Try another instruction or another model.");
        else if (!isLast && tokens > _maxOutputTokens)
            Error ??= new GenerationError(ErrorCodes.ReduceNotConverging, $"{id} answered with {tokens} tokens where {_maxOutputTokens} are allowed, so summaries do not get shorter by joining them. Limit its tokens.");
        Set(call.Level, call.Index, text);
    }

    private void Set(int level, int index, string text)
    {
        _texts[level][index] = text;
        if (level == Depth)
            return;
        int parent = Parent(level, index);
        var inputs = Inputs(level + 1, parent);
        if (inputs.Count() == 1)
            Set(level + 1, parent, text); // Nothing to join: it goes up as it is.
        else if (inputs.All(i => _texts[level][i] is not null))
            Offer(level + 1, parent);
    }

    private void Offer(int level, int index)
    {
        string id = level == 0 ? string.Create(CultureInfo.InvariantCulture, $"map-{index:00000}") : string.Create(CultureInfo.InvariantCulture, $"reduce-{level}-{index:00000}");
        _open.Add(id, (level, index));
        (level == 0 ? _maps : _reduces).Enqueue(id);
    }

    /// <summary>Lists what a reduce joins: the level below it, divided as evenly as can be.</summary>
    private IEnumerable<int> Inputs(int level, int index)
    {
        long below = _texts[level - 1].Length, here = _texts[level].Length;
        int start = (int)(index * below / here);
        return Enumerable.Range(start, (int)((index + 1) * below / here) - start);
    }

    private int Parent(int level, int index)
    {
        long here = _texts[level].Length, above = _texts[level + 1].Length;
        return (int)((((index + 1) * above) - 1) / here);
    }
}
