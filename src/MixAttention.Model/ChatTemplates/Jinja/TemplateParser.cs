using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Reads a template into statements.</summary>
internal sealed class TemplateParser
{
    private readonly LexemeReader _reader;
    private readonly ExpressionParser _expressions;

    private TemplateParser(List<Lexeme> lexemes)
    {
        _reader = new LexemeReader(lexemes);
        _expressions = new ExpressionParser(_reader);
    }

    /// <summary>Reads a whole template.</summary>
    /// <exception cref="JinjaException">It is no template, or uses a statement that is not supported.</exception>
    public static Body Parse(string source)
    {
        var parser = new TemplateParser(Lexer.Read(source));
        var body = parser.ReadBody();
        return parser._reader.Current.Kind == LexemeKind.End ? body : throw parser._reader.Unexpected("the end of the template");
    }

    /// <summary>Reads statements up to the end or to <c>{%</c> and one of the names, which are left.</summary>
    private Body ReadBody(params string[] ends)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var statements = new List<Statement>();
        while (true)
        {
            var lexeme = _reader.Current;
            switch (lexeme.Kind)
            {
                case LexemeKind.Text:
                    _reader.Take();
                    statements.Add(new TextStatement(lexeme.Line, TemplateText.Own(lexeme.Text)));
                    break;
                case LexemeKind.OutputStart:
                    _reader.Take();
                    statements.Add(new OutputStatement(lexeme.Line, _expressions.Read()));
                    _reader.Expect(LexemeKind.OutputEnd, "'}}'");
                    break;
                case LexemeKind.BlockStart when !ends.Contains(_reader.Following.Text):
                    _reader.Take();
                    statements.Add(ReadStatement());
                    break;
                case LexemeKind.End when ends.Length > 0:
                    throw _reader.Unexpected($"'{{% {ends[^1]} %}}'");
                default:
                    return new Body(statements);
            }
        }
    }

    private Statement ReadStatement()
    {
        var name = _reader.Expect(LexemeKind.Name, "the name of a statement");
        switch (name.Text)
        {
            case "if":
                return ReadIf(name.Line);
            case "for":
                return ReadFor(name.Line);
            case "set":
                return ReadSet(name.Line);
            case "macro":
                return ReadMacro(name.Line);
            case "generation":
                EndTag();
                var content = ReadBody("endgeneration");
                TakeEnd();
                return new GenerationStatement(name.Line, content);
            case "break" or "continue":
                EndTag();
                return new FlowStatement(name.Line, name.Text == "break" ? Flow.Break : Flow.Continue);
            default:
                throw new JinjaException($"the statement '{name.Text}' is not supported here", name.Line);
        }
    }

    private IfStatement ReadIf(int line)
    {
        var condition = _expressions.Read();
        EndTag();
        var then = ReadBody("elif", "else", "endif");
        var otherwise = new Body([]);
        switch (TakeEndName())
        {
            case "elif":
                return new IfStatement(line, condition, then, new Body([ReadIf(_reader.Current.Line)]));
            case "else":
                EndTag();
                otherwise = ReadBody("endif");
                TakeEnd();
                break;
            default:
                EndTag();
                break;
        }
        return new IfStatement(line, condition, then, otherwise);
    }

    private ForStatement ReadFor(int line)
    {
        var target = ReadTarget();
        if (!_reader.TakeName("in"))
            throw _reader.Unexpected("'in'");
        var items = _expressions.ReadOr();
        var filter = _reader.TakeName("if") ? _expressions.Read() : null;
        EndTag();
        var turn = ReadBody("else", "endfor");
        var otherwise = new Body([]);
        bool hasElse = TakeEndName() == "else";
        EndTag();
        if (hasElse)
        {
            otherwise = ReadBody("endfor");
            TakeEnd();
        }
        return new ForStatement(line, target, items, filter, turn, otherwise);
    }

    private Statement ReadSet(int line)
    {
        var target = ReadTarget();
        if (_reader.TakeSymbol("="))
        {
            var value = _expressions.ReadList();
            EndTag();
            return new SetStatement(line, target, value);
        }
        EndTag();
        var body = ReadBody("endset");
        TakeEnd();
        return new SetBlockStatement(line, target, body);
    }

    private MacroStatement ReadMacro(int line)
    {
        string name = _reader.Expect(LexemeKind.Name, "the name of a macro").Text;
        var parameters = new List<(string, Expression?)>();
        _reader.ExpectSymbol("(");
        while (!_reader.TakeSymbol(")"))
        {
            string parameter = _reader.Expect(LexemeKind.Name, "the name of a parameter").Text;
            parameters.Add((parameter, _reader.TakeSymbol("=") ? _expressions.Read() : null));
            if (!_reader.IsSymbol(")"))
                _reader.ExpectSymbol(",");
        }
        EndTag();
        var content = ReadBody("endmacro");
        TakeEnd();
        return new MacroStatement(line, name, parameters, content);
    }

    private Target ReadTarget()
    {
        bool inBrackets = _reader.TakeSymbol("(");
        var names = new List<string> { _reader.Expect(LexemeKind.Name, "a name").Text };
        if (_reader.TakeSymbol("."))
            return new Target(names, _reader.Expect(LexemeKind.Name, "the name of an attribute").Text);
        while (_reader.TakeSymbol(","))
            names.Add(_reader.Expect(LexemeKind.Name, "a name").Text);
        if (inBrackets)
            _reader.ExpectSymbol(")");
        return new Target(names);
    }

    /// <summary>Takes <c>{% name</c>, at which a body ended, and returns the name.</summary>
    private string TakeEndName()
    {
        _reader.Expect(LexemeKind.BlockStart, "'{%'");
        return _reader.Take().Text;
    }

    private void TakeEnd()
    {
        TakeEndName();
        EndTag();
    }

    private void EndTag() => _reader.Expect(LexemeKind.BlockEnd, "'%}'");
}
