using MixAttention.Engine;

namespace MixAttention.Batch.Evaluation;

/// <summary>How many answers of one kind were right.</summary>
/// <param name="Kind">summaries or answers.</param>
public sealed record EvaluationScore(string Kind, int Right, int Total)
{
    /// <summary>Gets the share that was right.</summary>
    public double Share => Total == 0 ? 0 : (double)Right / Total;
}

/// <summary>An answer that was wrong.</summary>
/// <param name="Instruction">What was asked.</param>
/// <param name="Found">What the model said, or why it said nothing.</param>
public sealed record EvaluationMiss(string Id, string Instruction, string Expected, string Found);

/// <summary>What an evaluation came to.</summary>
/// <param name="FormulaKvBytes">What the layout's formula gives for the requests that are admitted first if none shares its prefix: the largest that fit at once.</param>
public sealed record EvaluationReport(
    int Documents, int Requests, IReadOnlyList<EvaluationScore> Scores, IReadOnlyList<EvaluationMiss> Misses, TimeSpan Elapsed, EngineSnapshot Engine, long FormulaKvBytes)
{
    /// <summary>Gets the documents per minute.</summary>
    public double DocumentsPerMinute => Documents / Math.Max(Elapsed.TotalMinutes, 1e-9);
}
