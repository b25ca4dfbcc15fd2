using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Makes the requests that a job lists ready to run, and the lines of those that don't.</summary>
internal interface IRequestSource
{
    /// <summary>Reads what a request is about and makes its prompt. What is wrong with it is a line, never an exception.</summary>
    Task<PreparedRequest> PrepareAsync(BatchRequest request, CancellationToken cancellationToken);

    /// <summary>Makes the line of a request that is not run.</summary>
    ResultLine Fail(BatchRequest request, GenerationError error);
}
