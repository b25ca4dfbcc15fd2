using System.Runtime.CompilerServices;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Inputs;

/// <summary>A row of an input file: where it lies and what it says.</summary>
/// <param name="Index">Its place among the rows, from 0.</param>
/// <param name="LineNumber">Its line, from 1.</param>
/// <param name="Line">Its bytes, line end excluded; valid until the next row is read.</param>
/// <param name="Parsed">What it says; it has an id.</param>
public readonly record struct InputRow<T>(int Index, int LineNumber, ReadOnlyMemory<byte> Line, ParsedRow<T> Parsed)
    where T : class;

/// <summary>Checks a whole input file in one pass, before any work starts.</summary>
/// <param name="parse">Reads a line: <see cref="BatchRowParser.Parse"/> or <see cref="DocumentRowParser.Parse"/>.</param>
/// <param name="maxLineBytes">The longest line taken.</param>
public sealed class InputValidator<T>(Func<ReadOnlyMemory<byte>, ParsedRow<T>> parse, int maxLineBytes = LineReader.DefaultMaxLineBytes)
    where T : class
{
    private readonly IdTable _ids = new();
    private readonly List<InputFault> _faults = [];
    private readonly SortedDictionary<string, int> _failedRows = new(StringComparer.Ordinal);
    private int _rows;
    private int _faultCount;

    /// <summary>Gets what the pass has found so far.</summary>
    public InputReport Report => new() { Rows = _rows, FailedRows = _failedRows, Faults = _faults, FaultCount = _faultCount };

    /// <summary>Reads a file to its end, in memory of its longest line and at most 54 bytes a row; once per validator.</summary>
    /// <param name="stream">The file from its start; stays the caller's to dispose.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    /// <returns>Every row in order, sound or not, until the first fault of the file; what follows is checked all the same.</returns>
    public async IAsyncEnumerable<InputRow<T>> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var line in new LineReader(stream, maxLineBytes).ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var parsed = line.Error is { } error ? new ParsedRow<T>(null, null, null, error) : parse(line.Bytes);
            if (FindFault(line, parsed) is { } fault)
            {
                if (++_faultCount <= InputReport.MaxFaultsKept)
                    _faults.Add(fault);
            }
            else if (parsed.Error is { } rowError)
            {
                _failedRows[rowError.Code] = _failedRows.GetValueOrDefault(rowError.Code) + 1;
            }

            if (_faultCount == 0)
                yield return new InputRow<T>(_rows, line.Number, line.Bytes, parsed);
            _rows++;
        }
    }

    /// <summary>Tells whether a row of that id has been read.</summary>
    public bool Has(string id) => _ids.Find(id) is not null;

    private InputFault? FindFault(InputLine line, ParsedRow<T> parsed)
    {
        if (parsed.Id is null)
            return new InputFault(line.Number, parsed.Error!.Code, parsed.Error.Message); // Without an id there is an error.
        return _ids.Add(parsed.Id, line.Number) is { } first
            ? new InputFault(line.Number, ErrorCodes.DuplicateCustomId, $"The id \"{parsed.Id}\" is that of line {first} already. Give every line its own.")
            : null;
    }
}
