namespace MixAttention.Model.Tokenization;

/// <summary>Decodes one sequence token by token; its pieces, joined, are what <see cref="Tokenizer.Decode"/> makes of all ids.</summary>
/// <remarks>
/// Not for concurrent use. Text is held back while the next token may change it: after half a character, and within a run of byte tokens, which a decoder reads as a whole.
/// The cost of a token does not grow with the sequence: only the last finished token and what is held back are decoded.
/// </remarks>
public sealed class IncrementalDetokenizer
{
    private const char Replacement = '\uFFFD';

    private readonly Tokenizer _tokenizer;
    // The last finished token, which keeps decoders from treating the next one as the first of a text, then the held-back ones.
    private readonly List<int> _window = [];
    private string _finished = "";

    /// <summary>Creates a detokenizer at the start of a text.</summary>
    public IncrementalDetokenizer(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
    }

    /// <summary>Takes the next token and returns the text that it finished; empty when there is none yet.</summary>
    public string Append(int tokenId)
    {
        var kind = _tokenizer.Table.KindOf(tokenId);
        if (kind == TokenKind.Skipped)
            return "";
        _window.Add(tokenId);
        if (kind == TokenKind.Byte)
            return "";
        string text = _tokenizer.Decode(_window);
        return _tokenizer.Table.IsByteLevel && text.EndsWith(Replacement) && MayBeContinued(text) ? "" : Finish(text);
    }

    /// <summary>Returns what is held back; the next token starts a new text.</summary>
    public string Flush()
    {
        string rest = _tokenizer.Decode(_window)[_finished.Length..];
        _window.Clear();
        _finished = "";
        return rest;
    }

    private bool MayBeContinued(string text)
    {
        // U+FFFD stands for half a character as for bytes that are none. One of the bytes 0x80 and 0xA0 continues any half; after the others it is one more U+FFFD.
        bool continued = _tokenizer.Table.ContinuationByteIds.Count == 0;
        foreach (int id in _tokenizer.Table.ContinuationByteIds)
        {
            _window.Add(id);
            continued |= _tokenizer.Decode(_window) != text + Replacement;
            _window.RemoveAt(_window.Count - 1);
        }
        return continued;
    }

    private string Finish(string text)
    {
        string piece = text[_finished.Length..];
        _window.RemoveRange(0, _window.Count - 1);
        _finished = _tokenizer.Decode(_window);
        return piece;
    }
}
