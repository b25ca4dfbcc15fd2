using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Reads the lines of a finished job from its output and errors, line by line; its parts may be gone.</summary>
/// <remarks>Both files must be those that the marker means: where requests have run again, one is replaced after the other.</remarks>
/// <param name="store">The store.</param>
/// <param name="artifacts">The job's names.</param>
public sealed class CommittedResults(IArtifactStore store, JobArtifacts artifacts)
{
    /// <summary>Reads the successes, then the failures, each in input order.</summary>
    /// <exception cref="ContractException">A file is gone or damaged.</exception>
    /// <exception cref="BatchException">A file turned out not to be what the marker says; the lines read so far may be of two states of the job.</exception>
    public async IAsyncEnumerable<ResultLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var marker = await CommittedMarker.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false) ?? throw Damaged(artifacts.Committed, "It is gone.");
        foreach (var (name, sha256) in ((string, string)[])[(artifacts.Output, marker.OutputSha256), (artifacts.Errors, marker.ErrorsSha256)])
        {
            var content = await store.ReadAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false) ?? throw Damaged(name, "It is gone.");
            await using var _ = content.ConfigureAwait(false);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await foreach (var line in new LineReader(content.Stream, int.MaxValue).ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                hash.AppendData(line.Bytes.Span);
                hash.AppendData("\n"u8);
                yield return Parse(name, line);
            }

            if (Convert.ToHexStringLower(hash.GetHashAndReset()) != sha256)
                throw BatchException.Job($"{name} is not what {artifacts.Committed} says: requests of the job have run again, and its results are being replaced at this moment, or the file is damaged. Ask again in a minute.");
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
