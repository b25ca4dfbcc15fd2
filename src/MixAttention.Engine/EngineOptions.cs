namespace MixAttention.Engine;

/// <summary>What the operator decides about the engine.</summary>
public sealed class EngineOptions
{
    /// <summary>Gets the tokens of one prefill chunk. Part of the numerics version: cuts depend on the prompt and on this alone.</summary>
    /// <value>512 unless set.</value>
    public int ChunkTokens { get; init; } = 512;

    /// <summary>Gets the tokens that a step runs at most; a step always runs all decode tokens and, if any prompt waits, at least one chunk.</summary>
    /// <value>1024 unless set.</value>
    public int MaxTokensPerStep { get; init; } = 1024;

    /// <summary>Gets the sequences that run at once at most.</summary>
    /// <value>256 unless set.</value>
    public int MaxSequences { get; init; } = 256;

    /// <summary>Gets the requests that may wait in the engine; more make the submitter wait.</summary>
    /// <value>4096 unless set; at least 2.</value>
    public int MaxWaiting { get; init; } = 4096;

    /// <summary>Gets whether prefill runs only what can still reach the last token or a cache.</summary>
    /// <value>True unless set.</value>
    public bool TrimPrefill { get; init; } = true;

    /// <summary>Gets whether tokens that several waiting requests have in common before their forks are computed once. It changes no result.</summary>
    /// <value>True unless set.</value>
    public bool SharePrefixes { get; init; } = true;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message lists all of them.</exception>
    internal void Validate()
    {
        (string Name, int Value, int Least)[] options =
            [(nameof(ChunkTokens), ChunkTokens, 1), (nameof(MaxTokensPerStep), MaxTokensPerStep, 1), (nameof(MaxSequences), MaxSequences, 1), (nameof(MaxWaiting), MaxWaiting, 2)];
        var problems = options.Where(o => o.Value < o.Least).Select(o => $"{o.Name} is {o.Value}; give {o.Least} or more.").ToArray();
        if (problems.Length > 0)
            throw new ArgumentException(string.Join(" ", problems));
    }
}
