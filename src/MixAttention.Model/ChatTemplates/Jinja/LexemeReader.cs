namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Walks over the lexemes of a template.</summary>
internal sealed class LexemeReader
{
    private readonly List<Lexeme> _lexemes;
    private int _at;

    /// <summary>Starts at the first lexeme.</summary>
    public LexemeReader(List<Lexeme> lexemes) => _lexemes = lexemes;

    /// <summary>Gets the lexeme that comes next.</summary>
    public Lexeme Current => _lexemes[_at];

    /// <summary>Gets the one after it.</summary>
    public Lexeme Following => _lexemes[Math.Min(_at + 1, _lexemes.Count - 1)];

    /// <summary>Takes the next lexeme.</summary>
    public Lexeme Take() => _lexemes[_at < _lexemes.Count - 1 ? _at++ : _at];

    /// <summary>Tells whether the next lexeme is this symbol.</summary>
    public bool IsSymbol(string symbol) => Current.Kind == LexemeKind.Symbol && Current.Text == symbol;

    /// <summary>Tells whether the next lexeme is this name.</summary>
    public bool IsName(string name) => Current.Kind == LexemeKind.Name && Current.Text == name;

    /// <summary>Takes the symbol if it comes next.</summary>
    public bool TakeSymbol(string symbol) => IsSymbol(symbol) && Taken();

    /// <summary>Takes the name if it comes next.</summary>
    public bool TakeName(string name) => IsName(name) && Taken();

    /// <summary>Takes a lexeme that must be of this kind.</summary>
    public Lexeme Expect(LexemeKind kind, string wanted) => Current.Kind == kind ? Take() : throw Unexpected(wanted);

    /// <summary>Takes a symbol that must come next.</summary>
    public void ExpectSymbol(string symbol)
    {
        if (!TakeSymbol(symbol))
            throw Unexpected($"'{symbol}'");
    }

    /// <summary>Says that something else was expected here.</summary>
    public JinjaException Unexpected(string wanted) => new($"{Current} stands where {wanted} is expected", Current.Line);

    private bool Taken()
    {
        Take();
        return true;
    }
}
