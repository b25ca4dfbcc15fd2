namespace MixAttention.Batch.Cli.Diagnosis;

/// <summary>What a check found.</summary>
/// <param name="Subject">What was checked.</param>
/// <param name="IsFine">Whether a run can go on with it.</param>
/// <param name="Message">What was found and, if it is not fine, what to do.</param>
internal sealed record Finding(string Subject, bool IsFine, string Message);
