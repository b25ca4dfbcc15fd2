using MixAttention.Batch.Records;

namespace MixAttention.Batch.Worker;

/// <summary>A request that can run, or why it can't.</summary>
/// <param name="Request">The request.</param>
/// <param name="PromptTokens">The prompt tokens of its calls, as far as they are known before it runs.</param>
/// <param name="Run">Makes its calls and then its line, which is null when a call was cancelled; itself null when <paramref name="Failure"/> is set.</param>
/// <param name="Failure">Its line; null when it can run.</param>
internal sealed record PreparedRequest(BatchRequest Request, long PromptTokens, Func<RequestCalls, Task<ResultLine?>>? Run, ResultLine? Failure)
{
    /// <summary>Gets the most tokens of its answer; 0 for one that cannot run.</summary>
    public int MaxTokens { get; init; }

    /// <summary>Gives a request the line that says why it cannot run.</summary>
    public static PreparedRequest Failed(BatchRequest request, ResultLine failure) => new(request, 0, null, failure);
}
