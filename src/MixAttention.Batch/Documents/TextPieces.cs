using System.Globalization;

namespace MixAttention.Batch.Documents;

/// <summary>What ends at a place of a text, from the least to the most welcome place for a cut.</summary>
internal enum TextEnd
{
    /// <summary>A code unit of a character that is too long to stay whole; never between two surrogates of a pair.</summary>
    CodePoint,

    /// <summary>A character as readers see it.</summary>
    Character,

    /// <summary>A word with the white space behind it.</summary>
    Word,

    /// <summary>A line.</summary>
    Line,

    /// <summary>A sentence.</summary>
    Sentence,

    /// <summary>A paragraph: an empty line follows.</summary>
    Paragraph,

    /// <summary>A section: a heading in Markdown follows.</summary>
    Section,
}

/// <summary>A stretch of text that is cut no further.</summary>
/// <param name="End">The place after its last code unit; it starts where the piece before it ends.</param>
/// <param name="Kind">What ends there.</param>
/// <param name="Tokens">Its length in tokens.</param>
internal readonly record struct TextPiece(int End, TextEnd Kind, int Tokens);

/// <summary>Takes a text apart at sentences and lines, and where these are long at words and characters. Linear in the text's length, whatever it holds.</summary>
internal sealed class TextPieces
{
    private const int MaxCountedChars = 1024; // Counting the tokens of much longer words can take more than linear time.
    private const int RoughChars = 256;
    private const int MaxCharacterUnits = 256; // A letter may carry marks without end.
    private const string Terminators = ".!?…。！？｡";
    private const string WideTerminators = "。！？｡"; // No space follows these.
    private const string Closers = "\"'”’»)]}」』）】";

    private readonly string _text;
    private readonly int _maxTokens;
    private readonly Func<string, int> _countTokens;
    private readonly List<TextPiece> _pieces = [];

    private TextPieces(string text, int maxTokens, Func<string, int> countTokens) => (_text, _maxTokens, _countTokens) = (text, maxTokens, countTokens);

    /// <summary>Takes a text apart.</summary>
    /// <param name="maxTokens">The longest piece, but for single characters that are longer.</param>
    public static List<TextPiece> Cut(string text, int maxTokens, Func<string, int> countTokens)
    {
        var pieces = new TextPieces(text, maxTokens, countTokens);
        for (int start = 0; start < text.Length;)
        {
            var (end, kind) = pieces.FindEnd(start);
            pieces.Add(start, end, kind);
            start = end;
        }

        return pieces._pieces;
    }

    /// <summary>Finds the end of the sentence or line that starts at a place.</summary>
    private (int End, TextEnd Kind) FindEnd(int start)
    {
        for (int i = start; i < _text.Length; i++)
        {
            if (_text[i] == '\n')
                return EndOfLine(i);
            if (Terminators.Contains(_text[i], StringComparison.Ordinal))
            {
                if (EndOfSentence(start, i, out int closed) is { } end)
                    return (end, TextEnd.Sentence);
                i = closed - 1; // Of a row of dots, each would look to the row's end.
            }
        }

        return (_text.Length, TextEnd.Section);
    }

    private (int End, TextEnd Kind) EndOfLine(int newline)
    {
        int end = newline + 1, lines = 1;
        for (int i = end; i < _text.Length && char.IsWhiteSpace(_text[i]); i++)
        {
            if (_text[i] == '\n')
                (end, lines) = (i + 1, lines + 1);
        }

        int marks = end;
        while (marks < _text.Length && marks - end < 6 && _text[marks] == '#')
            marks++;
        bool isHeading = marks > end && marks < _text.Length && _text[marks] == ' ';
        return (end, isHeading ? TextEnd.Section : lines > 1 ? TextEnd.Paragraph : TextEnd.Line);
    }

    /// <summary>Finds where a sentence ends with the quotes, brackets and spaces behind its terminator; null where the terminator ends none.</summary>
    /// <param name="closed">The place behind the terminators, quotes and brackets.</param>
    private int? EndOfSentence(int start, int terminator, out int closed)
    {
        int end = terminator + 1;
        while (end < _text.Length && (Terminators.Contains(_text[end], StringComparison.Ordinal) || Closers.Contains(_text[end], StringComparison.Ordinal)))
            end++;
        closed = end;
        while (end < _text.Length && _text[end] is ' ' or '\t' or '\u3000')
            end++;
        if (end == _text.Length || _text[end] is '\r' or '\n')
            return null; // The line's end is a better one.
        bool isWide = WideTerminators.Contains(_text[terminator], StringComparison.Ordinal);
        bool isInitial = _text[terminator] == '.' && terminator > start && char.IsUpper(_text[terminator - 1]) && (terminator - 1 == start || !char.IsLetter(_text[terminator - 2]));
        return (end == closed && !isWide) || isInitial || char.IsLower(_text[end]) || !EndsCharacter(end) ? null : end;
    }

    /// <summary>Adds a stretch whole where it is short enough, else in parts.</summary>
    private void Add(int start, int end, TextEnd kind)
    {
        int length = end - start;
        if (length <= MaxCountedChars)
        {
            int tokens = _countTokens(_text[start..end]);
            if (tokens <= _maxTokens)
            {
                _pieces.Add(new TextPiece(end, kind, tokens));
                return;
            }
        }

        if (length <= MaxCharacterUnits && CharacterLength(start, end) == length)
        {
            for (int from = start, to; from < end; from = to)
            {
                to = from + CodePointLength(from);
                _pieces.Add(new TextPiece(to, to == end ? kind : TextEnd.CodePoint, _countTokens(_text[from..to])));
            }

            return;
        }

        int part = length > MaxCountedChars ? RoughChars : Math.Max(1, length / 4);
        for (int from = start; from < end;)
        {
            var (to, partKind) = from + part >= end && from > start ? (end, kind) : FindCut(from, Math.Min(from + part, end - 1), end);
            Add(from, to, to == end ? kind : partKind);
            from = to;
        }
    }

    /// <summary>Finds the best place to cut a stretch at or before a place: behind a word, else behind a character, else inside one.</summary>
    private (int End, TextEnd Kind) FindCut(int start, int wanted, int end)
    {
        for (int i = wanted; i > start; i--)
        {
            if (char.IsWhiteSpace(_text[i - 1]) && !char.IsWhiteSpace(_text[i]) && EndsCharacter(i))
                return (i, TextEnd.Word);
        }

        int cut = start + CharacterLength(start, end);
        for (int next; cut < end && (next = cut + CharacterLength(cut, end)) <= wanted;)
            cut = next;
        if (cut < end && cut - start < MaxCharacterUnits)
            return (cut, TextEnd.Character);
        cut = Math.Max(wanted, start + 1);
        return (char.IsLowSurrogate(_text[cut]) && char.IsHighSurrogate(_text[cut - 1]) ? cut == start + 1 ? cut + 1 : cut - 1 : cut, TextEnd.CodePoint);
    }

    private int CharacterLength(int start, int end) => StringInfo.GetNextTextElementLength(_text.AsSpan(start, Math.Min(end - start, MaxCharacterUnits)));

    /// <summary>Tells whether no mark is attached to the single code unit before a place.</summary>
    private bool EndsCharacter(int end) => StringInfo.GetNextTextElementLength(_text.AsSpan(end - 1, Math.Min(_text.Length - end + 1, 4))) == 1;

    private int CodePointLength(int start) => start + 1 < _text.Length && char.IsSurrogatePair(_text[start], _text[start + 1]) ? 2 : 1;
}
