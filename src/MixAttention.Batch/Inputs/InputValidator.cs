using MixAttention.Batch.Records;

namespace MixAttention.Batch.Inputs;

/// <summary>A row of an input file: where it lies and what it says.</summary>
/// <param name="Index">Its place among the rows, from 0.</param>
/// <param name="LineNumber">Its line, from 1.</param>
/// <param name="Offset">Where it begins in the file, in bytes.</param>
/// <param name="Length">Its bytes, line end excluded.</param>
/// <param name="Parsed">What it says; it has an id.</param>
public readonly record struct InputRow<T>(int Index, int LineNumber, long Offset, int Length, ParsedRow<T> Parsed)
    where T : class;

/// <summary>Checks a whole input file in one pass, before any work starts.</summary>
public static class InputValidator
{
    /// <summary>Reads a file to its end, in memory of its longest line and at most 54 bytes a row.</summary>
    /// <param name="stream">The file from its start; stays the caller's to dispose.</param>
    /// <param name="parse">Reads a line: <see cref="BatchRowParser.Parse"/> or <see cref="DocumentRowParser.Parse"/>.</param>
    /// <param name="onRow">Takes every row in order, sound or not, until the first fault of the file.</param>
    /// <param name="maxLineBytes">The longest line taken.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    public static async Task<InputReport> ValidateAsync<T>(
        Stream stream,
        Func<ReadOnlyMemory<byte>, ParsedRow<T>> parse,
        Func<InputRow<T>, ValueTask> onRow,
        int maxLineBytes = LineReader.DefaultMaxLineBytes,
        CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(parse);
        ArgumentNullException.ThrowIfNull(onRow);
        var ids = new IdTable();
        var faults = new List<InputFault>();
        var failedRows = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int rows = 0, faultCount = 0;
        await foreach (var line in new LineReader(stream, maxLineBytes).ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var parsed = line.Error is { } error ? new ParsedRow<T>(null, null, null, error) : parse(line.Bytes);
            if (FindFault(line, parsed, ids) is { } fault)
            {
                if (++faultCount <= InputReport.MaxFaultsKept)
                    faults.Add(fault);
            }
            else if (parsed.Error is { } rowError)
            {
                failedRows[rowError.Code] = failedRows.GetValueOrDefault(rowError.Code) + 1;
            }

            if (faultCount == 0)
                await onRow(new InputRow<T>(rows, line.Number, line.Offset, line.Bytes.Length, parsed)).ConfigureAwait(false);
            rows++;
        }

        return new InputReport { Rows = rows, FailedRows = failedRows, Faults = faults, FaultCount = faultCount };
    }

    private static InputFault? FindFault<T>(InputLine line, ParsedRow<T> parsed, IdTable ids)
        where T : class
    {
        if (parsed.Id is null)
            return new InputFault(line.Number, parsed.Error!.Code, parsed.Error.Message); // Without an id there is an error.
        return ids.Add(parsed.Id, line.Number) is { } first
            ? new InputFault(line.Number, ErrorCodes.DuplicateCustomId, $"The id \"{parsed.Id}\" is that of line {first} already. Give every line its own.")
            : null;
    }
}
