using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Reads expressions, by Jinja's precedence: if, or, and, not, comparison and in, + -, ~, * / // %, sign, **, then calls, filters and tests.</summary>
internal sealed class ExpressionParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private readonly LexemeReader _reader;
    private readonly OperandParser _operands;

    /// <summary>Reads from the given lexemes.</summary>
    public ExpressionParser(LexemeReader reader)
    {
        _reader = reader;
        _operands = new OperandParser(reader, this);
    }

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
        var value = _operands.Read();
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
                value = _operands.ReadPostfix(new FilterCall(value, filter, _reader.IsSymbol("(") ? _operands.ReadArguments() : ArgumentList.None));
            }
            else if (_reader.TakeName("is"))
            {
                bool negated = _reader.TakeName("not");
                string test = _reader.Expect(LexemeKind.Name, "the name of a test").Text;
                var call = new TestCall(value, test, _operands.ReadTestArguments());
                value = negated ? new Not(call) : call;
            }
            else
            {
                return value;
            }
        }
    }
}
