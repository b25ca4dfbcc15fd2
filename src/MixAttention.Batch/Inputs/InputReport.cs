namespace MixAttention.Batch.Inputs;

/// <summary>A fault of an input file that no row can carry, so that the job fails.</summary>
/// <param name="LineNumber">From 1.</param>
/// <param name="Code">One of <see cref="Records.ErrorCodes"/>.</param>
/// <param name="Message">What was found and what to do; a doubled id names the line that has it already.</param>
public sealed record InputFault(int LineNumber, string Code, string Message);

/// <summary>What a pass over an input file found.</summary>
public sealed record InputReport
{
    /// <summary>The most faults that are kept with their lines; the others are only counted.</summary>
    public const int MaxFaultsKept = 100;

    /// <summary>Gets the number of rows: lines that are not blank.</summary>
    public required int Rows { get; init; }

    /// <summary>Gets how many rows cannot run, as far as their lines tell, by error code. Each becomes an error line when it would have run.</summary>
    public required IReadOnlyDictionary<string, int> FailedRows { get; init; }

    /// <summary>Gets the first faults of the file, in the order of lines; none for a file that can be run.</summary>
    public required IReadOnlyList<InputFault> Faults { get; init; }

    /// <summary>Gets the number of all faults.</summary>
    public required int FaultCount { get; init; }

    /// <summary>Fails the job when the file has faults; the details list them line by line.</summary>
    /// <param name="file">The file's name in the message.</param>
    /// <exception cref="BatchException">The file has faults.</exception>
    public void ThrowIfFaulty(string file)
    {
        if (FaultCount == 0)
            return;
        string[] rest = FaultCount > Faults.Count ? [$"and {FaultCount - Faults.Count} more"] : [];
        throw new BatchException(FailureKind.Job, $"{file} cannot be run; nothing was started. Correct {(FaultCount == 1 ? "this line" : $"these {FaultCount} lines")}:")
        {
            Details = [.. Faults.Select(f => $"line {f.LineNumber}: {f.Message} ({f.Code})"), .. rest],
        };
    }
}
