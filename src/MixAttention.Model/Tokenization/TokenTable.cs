namespace MixAttention.Model.Tokenization;

/// <summary>Tells what decoding has to know of a token.</summary>
internal enum TokenKind : byte
{
    /// <summary>Special, or no token at all: leaves no trace in decoded text.</summary>
    Skipped,

    /// <summary>Ordinary.</summary>
    Text,

    /// <summary>One byte of a character outside the vocabulary (<c>&lt;0x0A&gt;</c>); a run of such tokens is decoded as a whole.</summary>
    Byte,
}

/// <summary>Holds what stays of a tokenizer.json after it is read: special tokens, kinds by id, and a few ids.</summary>
internal sealed class TokenTable
{
    // What stands for the bytes 0x80 and 0xA0 in a byte-level vocabulary, by GPT-2's table of printable stand-ins.
    private const string Byte80 = "\u0122";
    private const string ByteA0 = "\u0142";

    private readonly Dictionary<string, int> _special = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly List<TokenKind> _kinds = [];

    /// <summary>Reads the table.</summary>
    /// <param name="json">The tokenizer.</param>
    /// <param name="texts">Tokens whose ids will be asked for, special or not.</param>
    public TokenTable(TokenizerJson json, IEnumerable<string> texts)
    {
        var wanted = new HashSet<string>(texts, StringComparer.Ordinal) { Byte80, ByteA0 };
        bool hasByteTokens = json.HasDecoder("ByteFallback");
        foreach (var (text, id) in json.Vocabulary())
            Note(text, id, special: false);
        foreach (var token in json.AddedTokens())
            Note(token.Text, token.Id, token.IsSpecial);
        IsByteLevel = json.HasDecoder("ByteLevel");
        if (IsByteLevel && FindId(Byte80) is { } low && FindId(ByteA0) is { } high)
            ContinuationByteIds = [low, high];

        void Note(string text, int id, bool special)
        {
            while (_kinds.Count <= id)
                _kinds.Add(TokenKind.Skipped);
            _kinds[id] = special ? TokenKind.Skipped : hasByteTokens && IsByte(text) ? TokenKind.Byte : TokenKind.Text;
            if (special)
                _special[text] = id;
            if (wanted.Contains(text))
                _wanted[text] = id;
        }
    }

    /// <summary>Gets the ids of the special tokens by their text.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens => _special;

    /// <summary>Gets one more than the highest id.</summary>
    public int VocabularySize => _kinds.Count;

    /// <summary>Gets whether tokens are pieces of UTF-8, so that one may end within a character.</summary>
    public bool IsByteLevel { get; }

    /// <summary>Gets tokens that are the bytes 0x80 and 0xA0, one of which continues any unfinished UTF-8 sequence; empty where the vocabulary lacks them.</summary>
    public IReadOnlyList<int> ContinuationByteIds { get; } = [];

    /// <summary>Finds the id of one of the texts asked for; null when it is no token.</summary>
    public int? FindId(string text) => _wanted.TryGetValue(text, out int id) ? id : null;

    /// <summary>Gets the kind of an id; ids outside the vocabulary are skipped.</summary>
    public TokenKind KindOf(int id) => (uint)id < (uint)_kinds.Count ? _kinds[id] : TokenKind.Skipped;

    private static bool IsByte(string text)
        => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' && char.IsAsciiHexDigit(text[3]) && char.IsAsciiHexDigit(text[4]);
}
