using System.Runtime.CompilerServices;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads a stream line by line, in memory of one line at most.</summary>
/// <remarks>Lines end in LF or CRLF, the last one may lack its end, a byte order mark at the stream's start is passed over, and blank lines are counted but not given.</remarks>
/// <param name="stream">Read to its end; stays the caller's to dispose. It may begin inside a file, at the start of a line.</param>
/// <param name="maxLineBytes">The longest line taken; a longer one is reported without being kept.</param>
public sealed class LineReader(Stream stream, int maxLineBytes = LineReader.DefaultMaxLineBytes)
{
    /// <summary>The longest line taken unless the operator says otherwise: 8 MB.</summary>
    public const int DefaultMaxLineBytes = 8_000_000;

    private byte[] _buffer = new byte[64 << 10];
    private int _start; // The bytes of _buffer[_start.._filled] are read but not given yet.
    private int _filled;
    private long _offset; // Of _buffer[_start] in the stream.

    /// <summary>Reads all lines that are not blank; once per reader.</summary>
    public async IAsyncEnumerable<InputLine> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        bool isAtEnd = false;
        for (int number = 1; !isAtEnd; number++)
        {
            long lineOffset = _offset;
            int searched = _start, newline;
            while ((newline = _buffer.AsSpan(searched, _filled - searched).IndexOf((byte)'\n')) < 0 && !isAtEnd)
            {
                if (_filled - _start > maxLineBytes)
                    Advance(_filled); // Too long already: only its end matters.
                searched = _filled - _start;
                isAtEnd = !await FillAsync(cancellationToken).ConfigureAwait(false);
            }

            int end = newline < 0 ? _filled : searched + newline;
            long length = _offset + (end - _start) - lineOffset;
            var line = length > maxLineBytes ? TooLong(number, lineOffset) : Examine(number, lineOffset, _buffer.AsMemory(_start, end - _start));
            if (line.Error is not null || !line.Bytes.IsEmpty)
                yield return line;
            Advance(Math.Min(end + 1, _filled));
        }
    }

    /// <summary>Reads more bytes behind those that were not given yet, and moves these to the buffer's start.</summary>
    /// <returns>False at the end of the stream.</returns>
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
        _filled -= _start;
        _start = 0;
        if (_filled == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = await stream.ReadAsync(_buffer.AsMemory(_filled), cancellationToken).ConfigureAwait(false);
        _filled += read;
        return read > 0;
    }

    private void Advance(int start)
    {
        _offset += start - _start;
        _start = start;
    }

    private InputLine TooLong(int number, long offset) => new(number, offset, default, new GenerationError(
        ErrorCodes.InvalidRequest, $"The line is longer than the {ByteSize.Format(maxLineBytes)} that are allowed. Shorten it, or raise --max-line-size."));

    private static InputLine Examine(int number, long offset, ReadOnlyMemory<byte> bytes)
    {
        if (number == 1 && bytes.Span.StartsWith("\uFEFF"u8))
            (bytes, offset) = (bytes[3..], offset + 3);
        bool isBlank = bytes.Span.Trim(" \t\r"u8).IsEmpty;
        return new InputLine(number, offset, isBlank ? default : bytes.TrimEnd((byte)'\r'), null);
    }
}
