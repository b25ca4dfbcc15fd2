namespace MixAttention.Model.Checkpoints;

/// <summary>Describes one thing that is wrong with a checkpoint.</summary>
/// <param name="Message">File, tensor, what was found, what is allowed and what to do next.</param>
/// <param name="Error">What is wrong with a safetensors file; null for problems of another kind.</param>
public sealed record CheckpointProblem(string Message, SafetensorsError? Error = null);

/// <summary>Reports everything that is wrong with a checkpoint.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the exception from all problems found.</summary>
    public CheckpointException(string folder, IReadOnlyList<CheckpointProblem> problems)
        : base($"The model in {folder} cannot be used: {string.Join(" ", problems.Select(p => p.Message))}")
    {
        Folder = folder;
        Problems = problems;
    }

    /// <summary>Gets the checkpoint's folder.</summary>
    public string Folder { get; }

    /// <summary>Gets the problems in the order in which they were found; at least one.</summary>
    public IReadOnlyList<CheckpointProblem> Problems { get; }

    /// <summary>Gets the first problem of a safetensors file; null when no such file is to blame.</summary>
    public SafetensorsError? Error => Problems.FirstOrDefault(p => p.Error is not null)?.Error;
}
