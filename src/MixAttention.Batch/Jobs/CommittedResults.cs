using System.Runtime.CompilerServices;
using System.Text.Json;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Reads the lines of a finished job from its output and errors, line by line; its parts may be gone.</summary>
/// <param name="store">The store.</param>
/// <param name="artifacts">The job's names.</param>
public sealed class CommittedResults(IArtifactStore store, JobArtifacts artifacts)
{
    /// <summary>Reads the successes, then the failures, each in input order.</summary>
    /// <exception cref="ContractException">A file is gone or damaged.</exception>
    public async IAsyncEnumerable<ResultLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (string name in (string[])[artifacts.Output, artifacts.Errors])
        {
            var content = await store.ReadAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw Damaged(name, "It is gone.");
            await using var _ = content.ConfigureAwait(false);
            await foreach (var line in new LineReader(content.Stream, int.MaxValue).ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return Parse(name, line);
        }
    }

    private static ResultLine Parse(string name, InputLine line)
    {
        try
        {
            return ResultLine.Parse(line.Bytes.ToArray()); // The reader's bytes are its own.
        }
        catch (JsonException e)
        {
            throw Damaged(name, e.Message);
        }
    }

    private static ContractException Damaged(string name, string problem) => ContractException.Damaged(name, "batch.result", new JsonException(problem));
}
