using System.Globalization;
using System.Text;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Splits a template into lexemes, with whitespace treated as Hugging Face renders chat templates: trim_blocks and lstrip_blocks on, one final newline dropped.</summary>
internal sealed class Lexer
{
    // The longest first.
    private static readonly string[] Symbols =
        ["**", "//", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "=", "(", ")", "[", "]", "{", "}"];

    private readonly string _source;
    private readonly List<Lexeme> _lexemes = [];
    private int _at;
    private int _line = 1;
    private int _lineCountedTo;

    private Lexer(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    /// <summary>Reads a whole template; the last lexeme is its end.</summary>
    /// <exception cref="JinjaException">A tag or string is not closed, or holds a character that begins nothing.</exception>
    public static List<Lexeme> Read(string source) => new Lexer(source).Read();

    private List<Lexeme> Read()
    {
        // What the last tag takes from the text after it.
        bool stripAll = false;
        bool stripNewline = false;
        while (true)
        {
            int open = FindTag();
            ReadText(open, stripAll, stripNewline);
            if (open == _source.Length)
                break;
            char tag = _source[open + 1];
            _at = open + (At(open + 2) is '-' or '+' ? 3 : 2);
            char closing = tag switch
            {
                '#' => SkipComment(),
                '%' => ReadCode(LexemeKind.BlockStart, "{%", LexemeKind.BlockEnd, "%}"),
                _ => ReadCode(LexemeKind.OutputStart, "{{", LexemeKind.OutputEnd, "}}"),
            };
            stripAll = closing == '-';
            stripNewline = tag != '{' && closing != '+';
        }
        Add(LexemeKind.End, "");
        return _lexemes;
    }

    private int FindTag()
    {
        int open = _at;
        while ((open = _source.IndexOf('{', open)) >= 0)
        {
            if (At(open + 1) is '{' or '%' or '#')
                return open;
            open++;
        }
        return _source.Length;
    }

    private void ReadText(int end, bool stripAll, bool stripNewline)
    {
        int start = _at;
        if (stripAll)
        {
            while (start < end && Whitespace.Is(_source[start]))
                start++;
        }
        else if (stripNewline && start < end && _source[start] == '\n')
        {
            start++;
        }
        int stop = end;
        if (end < _source.Length)
            stop = Math.Max(start, StripBeforeTag(end));
        if (stop > start)
            Add(LexemeKind.Text, _source[start..stop]);
    }

    private int StripBeforeTag(int tag)
    {
        int stop = tag;
        if (At(tag + 2) == '-')
        {
            while (stop > 0 && Whitespace.Is(_source[stop - 1]))
                stop--;
            return stop;
        }
        if (At(tag + 1) == '{' || At(tag + 2) == '+')
            return tag;
        while (stop > 0 && _source[stop - 1] is ' ' or '\t')
            stop--;
        return stop == 0 || _source[stop - 1] == '\n' ? stop : tag;
    }

    private char SkipComment()
    {
        int close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
            throw new JinjaException("the comment is not closed by '#}'", LineAt(_at));
        char before = _source[close - 1];
        _at = close + 2;
        return before;
    }

    private char ReadCode(LexemeKind startKind, string start, LexemeKind endKind, string end)
    {
        Add(startKind, start);
        int opened = LineAt(_at);
        int depth = 0;
        while (true)
        {
            while (_at < _source.Length && Whitespace.Is(_source[_at]))
                _at++;
            if (_at == _source.Length)
                throw new JinjaException($"the tag '{start}' is not closed by '{end}'", opened);
            char modifier = _source[_at] is '-' or '+' ? _source[_at] : '\0';
            int close = modifier == '\0' ? _at : _at + 1;
            if (depth == 0 && string.CompareOrdinal(_source, close, end, 0, end.Length) == 0)
            {
                Add(endKind, end);
                _at = close + end.Length;
                return modifier;
            }
            depth += ReadLexeme();
        }
    }

    /// <summary>Reads one lexeme; returns by how much it changes the depth of brackets.</summary>
    private int ReadLexeme()
    {
        char first = _source[_at];
        if (first is '\'' or '"')
        {
            ReadString(first);
            return 0;
        }
        if (char.IsAsciiDigit(first))
        {
            ReadNumber();
            return 0;
        }
        if (char.IsLetter(first) || first == '_')
        {
            Add(LexemeKind.Name, Take(c => char.IsLetterOrDigit(c) || c == '_'));
            return 0;
        }
        foreach (string symbol in Symbols)
        {
            if (string.CompareOrdinal(_source, _at, symbol, 0, symbol.Length) != 0)
                continue;
            Add(LexemeKind.Symbol, symbol);
            _at += symbol.Length;
            return symbol is "(" or "[" or "{" ? 1 : symbol is ")" or "]" or "}" ? -1 : 0;
        }
        throw new JinjaException($"the character '{first}' begins no word of a template", LineAt(_at));
    }

    private void ReadNumber()
    {
        bool isIndex = _lexemes[^1] is { Kind: LexemeKind.Symbol, Text: "." }; // messages.0.role
        string digits = Take(char.IsAsciiDigit);
        if (isIndex || At(_at) != '.' || !char.IsAsciiDigit(At(_at + 1)))
        {
            Add(LexemeKind.Integer, digits);
            return;
        }
        _at++;
        Add(LexemeKind.Float, $"{digits}.{Take(char.IsAsciiDigit)}");
    }

    private void ReadString(char quote)
    {
        int start = _at++;
        var value = new StringBuilder();
        while (At(_at) != quote)
        {
            if (_at >= _source.Length)
                throw new JinjaException($"the string is not closed by {quote}", LineAt(start));
            char c = _source[_at++];
            if (c == '\\' && _at < _source.Length)
                ReadEscape(value);
            else
                value.Append(c);
        }
        _at++;
        Add(LexemeKind.String, value.ToString());
    }

    private void ReadEscape(StringBuilder value)
    {
        char c = _source[_at++];
        if (c is 'x' or 'u')
        {
            int length = c == 'x' ? 2 : 4;
            string digits = _source.Substring(_at, Math.Min(length, _source.Length - _at));
            if (digits.Length < length || !ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
                throw new JinjaException($"'\\{c}{digits}' is no escape: {length} hexadecimal digits are needed", LineAt(_at));
            value.Append((char)unit);
            _at += length;
            return;
        }
        value.Append(c switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            '\\' or '\'' or '"' => c.ToString(),
            '\n' => "",
            _ => $"\\{c}", // as Python: not an escape
        });
    }

    private string Take(Func<char, bool> belongs)
    {
        int start = _at;
        while (_at < _source.Length && belongs(_source[_at]))
            _at++;
        return _source[start.._at];
    }

    private char At(int index) => index < _source.Length ? _source[index] : '\0';

    private void Add(LexemeKind kind, string text) => _lexemes.Add(new Lexeme(kind, text, LineAt(_at)));

    private int LineAt(int index)
    {
        for (; _lineCountedTo < index; _lineCountedTo++)
        {
            if (_source[_lineCountedTo] == '\n')
                _line++;
        }
        return _line;
    }
}
