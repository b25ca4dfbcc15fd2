using MixAttention.Batch.Output;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>What an output folder got.</summary>
/// <param name="Succeeded">Requests with an answer.</param>
/// <param name="Failed">Requests with an error line.</param>
/// <param name="FirstFailures">The first failures, for a person to read.</param>
public sealed record CollectedResults(int Succeeded, int Failed, IReadOnlyList<JobFailure> FirstFailures)
{
    private const int FailuresKept = 5;

    /// <summary>Writes lines and texts into an output folder.</summary>
    /// <param name="lines">Each of successes and failures in input order.</param>
    /// <param name="outputFolder">The folder; its files appear once all is written.</param>
    /// <param name="cancellationToken">Ends the writing; the former files stay then.</param>
    /// <exception cref="BatchException">The folder cannot be written.</exception>
    public static async Task<CollectedResults> WriteAsync(IAsyncEnumerable<ResultLine> lines, string outputFolder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        int succeeded = 0, failed = 0;
        List<JobFailure> failures = [];
        using var output = OutputFolder.Create(outputFolder);
        await foreach (var line in lines.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            output.Write(line);
            succeeded += line.IsFailure ? 0 : 1;
            failed += line.IsFailure ? 1 : 0;
            if (line.IsFailure && failures.Count < FailuresKept && JobFailure.Of(line) is { } failure)
                failures.Add(failure);
        }

        output.Complete();
        return new CollectedResults(succeeded, failed, failures);
    }
}

/// <summary>A request that failed.</summary>
public sealed record JobFailure(string CustomId, GenerationError Error)
{
    /// <summary>Reads the failure of a line.</summary>
    /// <returns>Null when the line names no error: that of a batch row may have a response instead.</returns>
    internal static JobFailure? Of(ResultLine line) =>
        RecordJson.Read(line.Bytes.Span) is { Error: { } error } record ? new JobFailure(record.CustomId, new GenerationError(error.Code, error.Message)) : null;
}
