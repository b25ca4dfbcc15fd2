using System.Text;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>What a block of text is.</summary>
internal enum BlockKind
{
    /// <summary>A paragraph.</summary>
    Paragraph,

    /// <summary>A heading, written as <c># </c> with a mark per level.</summary>
    Heading,

    /// <summary>A list's item, written as <c>- </c>.</summary>
    ListItem,

    /// <summary>A table's row, written as its cells with bars between.</summary>
    TableRow,
}

/// <summary>Gathers the text of a document block by block, so that every format comes out as the same readable lines.</summary>
/// <remarks>
/// Blocks are parted by an empty line, items of a list and rows of a table by a line's end. White space collapses as in HTML. A block that ends inside a cell becomes part
/// of the row's line; a table inside a cell starts lines of its own.
/// </remarks>
internal sealed class TextOutline
{
    private const int MaxHeadingLevel = 6;
    private const int MaxListLevel = 8;

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _block = new(); // What was written since the last block or cell ended.
    private bool _owesSpace;
    private List<string>? _row; // The cells so far; null outside of rows.
    private BlockKind _last;

    /// <summary>Adds text to the block; runs of white space become one space.</summary>
    public void Write(string text)
    {
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                _owesSpace = true;
            }
            else if (!char.IsControl(c) && c != '\u00AD') // A soft hyphen only says where a line may break.
            {
                if (_owesSpace && _block.Length > 0 && _block[^1] != '\n')
                    _block.Append(' ');
                _owesSpace = false;
                _block.Append(c);
            }
        }
    }

    /// <summary>Adds text as it is, with its lines.</summary>
    public void WriteVerbatim(string text)
    {
        _owesSpace = false;
        _block.Append(text);
    }

    /// <summary>Begins a new line within the block.</summary>
    public void BreakLine()
    {
        _owesSpace = false;
        if (_block.Length > 0)
            _block.Append('\n');
    }

    /// <summary>Ends the block.</summary>
    /// <param name="level">Of a heading from 1, of an item from 0.</param>
    /// <returns>Whether there was one to write.</returns>
    public bool EndBlock(BlockKind kind = BlockKind.Paragraph, int level = 0)
    {
        if (_row is not null)
        {
            if (_block.Length > 0 && _block[^1] != '\n')
                BreakLine();
            return false;
        }

        return WriteBlock(kind, level, Take());
    }

    /// <summary>Begins a table's row.</summary>
    public void StartRow()
    {
        EndRow();
        _row = [];
    }

    /// <summary>Begins a cell; one that was not ended ends here.</summary>
    public void StartCell()
    {
        if (_block.Length > 0)
            EndCell();
    }

    /// <summary>Ends a cell.</summary>
    public void EndCell()
    {
        if (_row is null)
            EndBlock();
        else
            _row.Add(Take());
    }

    /// <summary>Ends the row, if there is one.</summary>
    public void EndRow()
    {
        string rest = Take();
        if (_row is { } cells)
        {
            _row = null;
            if (rest.Length > 0)
                cells.Add(rest);
            WriteRow(cells);
        }
        else
        {
            WriteBlock(BlockKind.Paragraph, 0, rest);
        }
    }

    /// <summary>Ends the last block and returns all that was written.</summary>
    public string ToText()
    {
        EndRow();
        return _text.ToString();
    }

    private void WriteRow(List<string> cells)
    {
        string[] filled = [.. cells.Where(c => c.Length > 0)];
        if (filled is [var only] && only.Contains('\n', StringComparison.Ordinal)) // A table used for layout: its cell is a text, not a value.
        {
            foreach (string line in only.Split('\n'))
                WriteBlock(BlockKind.Paragraph, 0, line);
        }
        else if (filled.Length > 0)
        {
            WriteBlock(BlockKind.TableRow, 0, string.Join(" | ", cells.Select(OneLine)).TrimEnd());
        }
    }

    private bool WriteBlock(BlockKind kind, int level, string block)
    {
        if (block.Length == 0)
            return false;
        if (_text.Length > 0)
            _text.Append(kind == _last && kind is (BlockKind.ListItem or BlockKind.TableRow) ? "\n" : "\n\n");
        if (kind == BlockKind.Heading)
            _text.Append('#', Math.Clamp(level, 1, MaxHeadingLevel)).Append(' ').Append(OneLine(block));
        else if (kind == BlockKind.ListItem)
            _text.Append(' ', 2 * Math.Clamp(level, 0, MaxListLevel)).Append("- ").Append(block);
        else
            _text.Append(block);
        _last = kind;
        return true;
    }

    private string Take()
    {
        string block = _block.ToString().Trim('\n').TrimEnd();
        _block.Clear();
        _owesSpace = false;
        return block;
    }

    private static string OneLine(string block) => block.Replace('\n', ' ');
}
