namespace MixAttention.Batch.Jobs;

/// <summary>What a dry run found out about a job.</summary>
public sealed record DryRunReport
{
    /// <summary>Gets the number of requests.</summary>
    public required int Requests { get; init; }

    /// <summary>Gets how many of them were looked at: read, and made into a prompt. They are evenly spaced in the input.</summary>
    public required int LookedAt { get; init; }

    /// <summary>Gets how many of those cannot run, by error code.</summary>
    public required IReadOnlyDictionary<string, int> Failures { get; init; }

    /// <summary>Gets the prompt tokens of all requests, as those that were looked at tell.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Gets the share by which the prompt tokens may differ from that (95 of 100 times); 0 if all requests were looked at.</summary>
    public required double PromptTokensMargin { get; init; }

    /// <summary>Gets the KV bytes that a request reserves, on average of those that can run.</summary>
    public required long KvBytesOnAverage { get; init; }

    /// <summary>Gets the most KV bytes that one of them reserves.</summary>
    public required long KvBytesAtMost { get; init; }

    /// <summary>Gets the KV bytes that there are.</summary>
    public required long KvBytesBudget { get; init; }

    /// <summary>Gets how many average requests run at once.</summary>
    public required int AtOnce { get; init; }

    /// <summary>Gets the most tokens of an answer, on average of the requests that can run.</summary>
    public required double AnswerTokensAllowed { get; init; }

    /// <summary>Gets what was learned by running some requests.</summary>
    public DryRunPace Pace { get; init; } = new();

    /// <summary>Gets how long an answer is taken to be: as those that finished, if they are enough to tell, else as long as it may be.</summary>
    public double AnswerTokens => Pace.TellsAnswers ? Pace.FinishedTokens / (double)Pace.Finished : AnswerTokensAllowed;

    /// <summary>Gets the time that all requests take at the pace at which prompt tokens were done. Null if none were.</summary>
    public TimeSpan? TimeByPrompts => Pace.PromptTokens == 0 ? null : Pace.Elapsed * ((double)PromptTokens / Pace.PromptTokens);

    /// <summary>Gets the time that all requests take at the pace at which tokens of answers were made. Null if none were.</summary>
    public TimeSpan? TimeByAnswers => Pace.AnswerTokens == 0 ? null : Pace.Elapsed * (AnswerTokens * Requests / Pace.AnswerTokens);
}

/// <summary>What came of running some requests for a while.</summary>
/// <remarks>Prompts come before answers: so at first the pace of prompts is somewhat faster than it stays, and that of answers slower.</remarks>
public sealed record DryRunPace
{
    /// <summary>The requests that must finish to tell how long an answer is.</summary>
    internal const int EnoughFinished = 10;

    /// <summary>Gets how long requests ran.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Gets the prompt tokens that were done.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Gets the tokens of answers that were made.</summary>
    public long AnswerTokens { get; init; }

    /// <summary>Gets the requests that finished with an answer, also before the time was taken.</summary>
    public int Finished { get; init; }

    /// <summary>Gets the tokens of their answers.</summary>
    public long FinishedTokens { get; init; }

    /// <summary>Gets whether everything that was looked at ran to its end.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Gets whether enough requests finished to tell how long an answer is.</summary>
    public bool TellsAnswers => IsWhole || Finished >= EnoughFinished;
}
