using System.Text;

namespace MixAttention.Engine.Sampling;

/// <summary>Collects a sequence's text and finds its stop strings, also those that span tokens or lie inside one.</summary>
internal sealed class AnswerText(TokenText source, IReadOnlyList<string> stops)
{
    private readonly int _longestStop = stops.Count == 0 ? 0 : stops.Max(s => s.Length);
    private readonly StringBuilder _text = new();

    /// <summary>Adds a token.</summary>
    /// <returns>True when a stop string has appeared; the text is cut before the first one.</returns>
    public bool Append(int tokenId) => AppendText(source.Append(tokenId));

    /// <summary>Adds what the last token left unfinished.</summary>
    /// <returns>True when a stop string has appeared.</returns>
    public bool Finish() => AppendText(source.Flush());

    /// <inheritdoc />
    public override string ToString() => _text.ToString();

    private bool AppendText(string piece)
    {
        // A stop string that is new ends in the new piece, so it starts at most its length − 1 before it.
        int start = Math.Max(0, _text.Length - Math.Max(0, _longestStop - 1));
        _text.Append(piece);
        if (piece.Length == 0 || stops.Count == 0)
            return false;
        string tail = _text.ToString(start, _text.Length - start);
        int first = stops.Min(stop => tail.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var found ? found : int.MaxValue);
        if (first == int.MaxValue)
            return false;
        _text.Length = start + first;
        return true;
    }
}
