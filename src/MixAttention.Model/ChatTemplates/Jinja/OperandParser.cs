using System.Globalization;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Reads what stands between operators: constants, names, lists and mappings, with the attributes, indices and calls behind them.</summary>
internal sealed class OperandParser
{
    private readonly LexemeReader _reader;
    private readonly ExpressionParser _expressions;

    /// <summary>Reads from the given lexemes; <paramref name="expressions"/> reads what stands in brackets.</summary>
    public OperandParser(LexemeReader reader, ExpressionParser expressions)
    {
        _reader = reader;
        _expressions = expressions;
    }

    /// <summary>Reads an operand.</summary>
    public Expression Read() => ReadPostfix(ReadPrimary());

    /// <summary>Reads the attributes, indices and calls behind a value.</summary>
    public Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            if (_reader.TakeSymbol("."))
            {
                value = _reader.Current.Kind == LexemeKind.Integer
                    ? new Index(value, ReadPrimary())
                    : new Member(value, _reader.Expect(LexemeKind.Name, "the name of an attribute").Text);
            }
            else if (_reader.TakeSymbol("["))
            {
                value = ReadSubscript(value);
            }
            else if (_reader.IsSymbol("("))
            {
                value = new Call(value, ReadArguments());
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Reads arguments in brackets.</summary>
    public ArgumentList ReadArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        _reader.ExpectSymbol("(");
        while (!_reader.TakeSymbol(")"))
        {
            if (_reader.Current.Kind == LexemeKind.Name && _reader.Following is { Kind: LexemeKind.Symbol, Text: "=" })
            {
                string name = _reader.Take().Text;
                _reader.ExpectSymbol("=");
                named.Add((name, _expressions.Read()));
            }
            else
            {
                positional.Add(_expressions.Read());
            }
            if (!_reader.IsSymbol(")"))
                _reader.ExpectSymbol(",");
        }
        return new ArgumentList(positional, named);
    }

    /// <summary>Reads the arguments of a test, if there are any.</summary>
    public ArgumentList ReadTestArguments()
    {
        if (_reader.IsSymbol("("))
            return ReadArguments();
        // One argument may follow without brackets: value is divisibleby 3.
        bool follows = _reader.Current.Kind is LexemeKind.String or LexemeKind.Integer or LexemeKind.Float || _reader.IsSymbol("[") || _reader.IsSymbol("{")
            || (_reader.Current.Kind == LexemeKind.Name && _reader.Current.Text is not ("and" or "or" or "not" or "is" or "in" or "if" or "else"));
        return follows ? new ArgumentList([Read()], []) : ArgumentList.None;
    }

    private Expression ReadSubscript(Expression owner)
    {
        var parts = new Expression?[3];
        int colons = 0;
        while (!_reader.TakeSymbol("]"))
        {
            if (!_reader.TakeSymbol(":"))
                parts[colons] = parts[colons] is null ? _expressions.Read() : throw _reader.Unexpected("']'");
            else if (++colons == parts.Length)
                throw _reader.Unexpected("']'");
        }
        if (colons > 0)
            return new Slice(owner, parts[0], parts[1], parts[2]);
        return new Index(owner, parts[0] ?? throw _reader.Unexpected("an index"));
    }

    private Expression ReadPrimary()
    {
        var lexeme = _reader.Take();
        switch (lexeme.Kind)
        {
            case LexemeKind.String:
                string text = lexeme.Text;
                while (_reader.Current.Kind == LexemeKind.String) // strings side by side are one
                    text += _reader.Take().Text;
                return new Literal(TemplateText.Own(text));
            case LexemeKind.Integer:
                return long.TryParse(lexeme.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long integer)
                    ? new Literal(integer)
                    : throw new JinjaException($"the number {lexeme.Text} is too large", lexeme.Line);
            case LexemeKind.Float:
                return new Literal(double.Parse(lexeme.Text, CultureInfo.InvariantCulture));
            case LexemeKind.Name:
                return ReadName(lexeme.Text);
            case LexemeKind.Symbol when lexeme.Text == "(":
                var value = _reader.IsSymbol(")") ? new ListLiteral([]) : _expressions.ReadList();
                _reader.ExpectSymbol(")");
                return value;
            case LexemeKind.Symbol when lexeme.Text == "[":
                return ReadItems();
            case LexemeKind.Symbol when lexeme.Text == "{":
                return ReadEntries();
            default:
                throw new JinjaException($"{lexeme} stands where a value is expected", lexeme.Line);
        }
    }

    private static Expression ReadName(string name) => name switch
    {
        "true" or "True" => new Literal(true),
        "false" or "False" => new Literal(false),
        "none" or "None" => new Literal(null),
        _ => new Name(name),
    };

    private ListLiteral ReadItems()
    {
        var items = new List<Expression>();
        while (!_reader.TakeSymbol("]"))
        {
            items.Add(_expressions.Read());
            if (!_reader.IsSymbol("]"))
                _reader.ExpectSymbol(",");
        }
        return new ListLiteral(items);
    }

    private MapLiteral ReadEntries()
    {
        var entries = new List<(Expression, Expression)>();
        while (!_reader.TakeSymbol("}"))
        {
            var key = _expressions.Read();
            _reader.ExpectSymbol(":");
            entries.Add((key, _expressions.Read()));
            if (!_reader.IsSymbol("}"))
                _reader.ExpectSymbol(",");
        }
        return new MapLiteral(entries);
    }
}
