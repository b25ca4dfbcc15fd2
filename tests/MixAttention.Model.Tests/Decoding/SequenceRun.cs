using MixAttention.Model.Decoding;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>One sequence on its way through a decoder: a prompt cut into segments, then tokens that are known or chosen greedily.</summary>
internal sealed class SequenceRun
{
    private readonly List<int> _ids;
    private readonly Queue<int> _ends;
    private readonly int _promptLength;
    private readonly bool _trim;
    private readonly bool _wantsEveryLogits;
    private int _decodeSteps;
    private int _position;

    private SequenceRun(int[] ids, int promptLength, IEnumerable<int> ends, int decodeSteps, bool trim = false, bool wantsEveryLogits = false)
    {
        _ids = [.. ids];
        _promptLength = promptLength;
        _ends = new Queue<int>(ends);
        _decodeSteps = decodeSteps;
        _trim = trim;
        _wantsEveryLogits = wantsEveryLogits;
        TotalTokens = promptLength + decodeSteps;
    }

    /// <summary>Gets the tokens for which keys and values are kept.</summary>
    public int TotalTokens { get; }

    /// <summary>Gets the logits so far.</summary>
    public List<float[]> Logits { get; } = [];

    /// <summary>Gets the tokens after the prompt.</summary>
    public IEnumerable<int> NewIds => _ids.Skip(_promptLength);

    public bool IsPrefilling => _ends.Count > 0;

    public bool IsDecoding => !IsPrefilling && _decodeSteps > 0;

    /// <summary>A prompt that is cut into chunks and continued by the most likely tokens.</summary>
    public static SequenceRun Greedy(int[] ids, int tokens, int chunk, bool trim) => new(ids, ids.Length, Ends(ids.Length, chunk), tokens - 1, trim);

    /// <summary>A prompt that is cut at the given positions (exclusive ends); logits are read at each.</summary>
    public static SequenceRun Prefill(int[] ids, IEnumerable<int> ends) => new(ids, ids.Length, ends, decodeSteps: 0, wantsEveryLogits: true);

    /// <summary>A prompt of one token, after which the others are decoded as if they had been chosen; logits are read at each.</summary>
    public static SequenceRun TokenByToken(int[] ids) => new(ids, promptLength: 1, [1], ids.Length - 1);

    /// <summary>Describes the prompt's next segment.</summary>
    public PromptSegment NextSegment(KvRegion region, AttentionLayout layout)
    {
        int start = _position;
        _position = _ends.Dequeue();
        var plan = _trim ? PrefillTrim.Create(layout, _promptLength) : PrefillTrim.None(layout, _promptLength);
        return new PromptSegment(region, start, _ids.ToArray().AsMemory(start, _position - start), plan, _wantsEveryLogits || !IsPrefilling);
    }

    /// <summary>Describes the next decode token.</summary>
    public DecodeRow NextRow(KvRegion region)
    {
        _decodeSteps--;
        return new DecodeRow(region, _position, _ids[_position++]);
    }

    /// <summary>Takes the logits after the newest segment or token.</summary>
    public void Accept(float[] logits)
    {
        Logits.Add(logits);
        if (!IsPrefilling && _ids.Count == _position)
            _ids.Add(Array.IndexOf(logits, logits.Max()));
    }

    private static IEnumerable<int> Ends(int length, int chunk)
    {
        for (int end = chunk; end < length; end += chunk)
            yield return end;
        yield return length;
    }
}
