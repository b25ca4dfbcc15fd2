using System.Globalization;
using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Reads expressions, by Jinja's precedence: if, or, and, not, comparison and in, + -, ~, * / // %, sign, **, then calls, filters and tests.</summary>
internal sealed class ExpressionParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private readonly LexemeReader _reader;

    /// <summary>Reads from the given lexemes.</summary>
    public ExpressionParser(LexemeReader reader) => _reader = reader;

    /// <summary>Reads an expression.</summary>
    public Expression Read()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var value = ReadOr();
        while (_reader.TakeName("if"))
        {
            var condition = ReadOr();
            value = new Conditional(condition, value, _reader.TakeName("else") ? Read() : new Literal(Undefined.Value));
        }
        return value;
    }

    /// <summary>Reads an expression that <c>if</c> ends.</summary>
    public Expression ReadOr()
    {
        var left = ReadAnd();
        while (_reader.TakeName("or"))
            left = new Logical(left, IsAnd: false, ReadAnd());
        return left;
    }

    /// <summary>Reads an expression or several, separated by commas, which make a list.</summary>
    public Expression ReadList()
    {
        var first = Read();
        if (!_reader.IsSymbol(","))
            return first;
        var items = new List<Expression> { first };
        while (_reader.TakeSymbol(",") && _reader.Current.Kind != LexemeKind.BlockEnd && !_reader.IsSymbol(")"))
            items.Add(Read());
        return new ListLiteral(items);
    }

    private Expression ReadAnd()
    {
        var left = ReadNot();
        while (_reader.TakeName("and"))
            left = new Logical(left, IsAnd: true, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return _reader.TakeName("not") ? new Not(ReadNot()) : ReadComparison();
    }

    private Expression ReadComparison()
    {
        var left = ReadSum();
        while (true)
        {
            if (Comparisons.FirstOrDefault(_reader.TakeSymbol) is { } symbol)
                left = new Binary(left, symbol, ReadSum());
            else if (_reader.TakeName("in"))
                left = new Binary(left, "in", ReadSum());
            else if (_reader.IsName("not") && _reader.Following is { Kind: LexemeKind.Name, Text: "in" } && _reader.TakeName("not") && _reader.TakeName("in"))
                left = new Binary(left, "not in", ReadSum());
            else
                return left;
        }
    }

    private Expression ReadSum() => ReadChain(["+", "-"], () => ReadChain(["~"], () => ReadChain(["*", "/", "//", "%"], () => ReadSigned(withFilters: true))));

    private Expression ReadChain(string[] symbols, Func<Expression> readOperand)
    {
        var left = readOperand();
        while (symbols.FirstOrDefault(_reader.TakeSymbol) is { } symbol)
            left = new Binary(left, symbol, readOperand());
        return left;
    }

    private Expression ReadSigned(bool withFilters)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Expression value;
        if (_reader.TakeSymbol("-"))
            value = new Binary(new Literal(0L), "-", ReadSigned(withFilters: false));
        else if (_reader.TakeSymbol("+"))
            value = new Binary(new Literal(0L), "+", ReadSigned(withFilters: false));
        else
            value = ReadPower();
        return withFilters ? ReadFiltersAndTests(value) : value;
    }

    private Expression ReadPower()
    {
        var value = ReadPostfix(ReadPrimary());
        while (_reader.TakeSymbol("**"))
            value = new Binary(value, "**", ReadSigned(withFilters: false));
        return value;
    }

    private Expression ReadFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (_reader.TakeSymbol("|"))
            {
                string filter = _reader.Expect(LexemeKind.Name, "the name of a filter").Text;
                value = ReadPostfix(new FilterCall(value, filter, _reader.IsSymbol("(") ? ReadArguments() : ArgumentList.None));
            }
            else if (_reader.TakeName("is"))
            {
                bool negated = _reader.TakeName("not");
                string test = _reader.Expect(LexemeKind.Name, "the name of a test").Text;
                var call = new TestCall(value, test, ReadTestArguments());
                value = negated ? new Not(call) : call;
            }
            else
            {
                return value;
            }
        }
    }

    private ArgumentList ReadTestArguments()
    {
        if (_reader.IsSymbol("("))
            return ReadArguments();
        // One argument may follow without brackets: value is divisibleby 3.
        bool follows = _reader.Current.Kind is LexemeKind.String or LexemeKind.Integer or LexemeKind.Float || _reader.IsSymbol("[") || _reader.IsSymbol("{")
            || (_reader.Current.Kind == LexemeKind.Name && _reader.Current.Text is not ("and" or "or" or "not" or "is" or "in" or "if" or "else"));
        return follows ? new ArgumentList([ReadPostfix(ReadPrimary())], []) : ArgumentList.None;
    }

    private Expression ReadPostfix(Expression value)
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

    private Expression ReadSubscript(Expression owner)
    {
        var parts = new Expression?[3];
        int colons = 0;
        while (!_reader.TakeSymbol("]"))
        {
            if (!_reader.TakeSymbol(":"))
                parts[colons] = parts[colons] is null ? Read() : throw _reader.Unexpected("']'");
            else if (++colons == parts.Length)
                throw _reader.Unexpected("']'");
        }
        if (colons > 0)
            return new Slice(owner, parts[0], parts[1], parts[2]);
        return new Index(owner, parts[0] ?? throw _reader.Unexpected("an index"));
    }

    private ArgumentList ReadArguments()
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
                named.Add((name, Read()));
            }
            else
            {
                positional.Add(Read());
            }
            if (!_reader.IsSymbol(")"))
                _reader.ExpectSymbol(",");
        }
        return new ArgumentList(positional, named);
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
                var value = _reader.IsSymbol(")") ? new ListLiteral([]) : ReadList();
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
            items.Add(Read());
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
            var key = Read();
            _reader.ExpectSymbol(":");
            entries.Add((key, Read()));
            if (!_reader.IsSymbol("}"))
                _reader.ExpectSymbol(",");
        }
        return new MapLiteral(entries);
    }
}
