namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The kinds of lexemes.</summary>
internal enum LexemeKind
{
    /// <summary>Text between tags.</summary>
    Text,

    /// <summary><c>{%</c></summary>
    BlockStart,

    /// <summary><c>%}</c></summary>
    BlockEnd,

    /// <summary><c>{{</c></summary>
    OutputStart,

    /// <summary><c>}}</c></summary>
    OutputEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A number without a fraction.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Float,

    /// <summary>A string, its escapes resolved.</summary>
    String,

    /// <summary>An operator or a bracket.</summary>
    Symbol,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A word of a template.</summary>
/// <param name="Line">From 1.</param>
internal readonly record struct Lexeme(LexemeKind Kind, string Text, int Line)
{
    /// <summary>Describes the lexeme in messages.</summary>
    public override string ToString() => Kind == LexemeKind.End ? "the end of the template" : $"'{Text}'";
}
