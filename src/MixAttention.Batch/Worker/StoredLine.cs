using MixAttention.Batch.Documents;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Worker;

/// <summary>Reads a line that was copied into the store when its job was submitted.</summary>
internal static class StoredLine
{
    /// <summary>Reads a line.</summary>
    /// <param name="store">The store.</param>
    /// <param name="entry">Where the line lies.</param>
    /// <param name="parse">Reads what it says.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ContractException">It is gone, or says another thing than was listed.</exception>
    public static async Task<ParsedRow<T>> ReadAsync<T>(IArtifactStore store, DocumentEntry entry, Func<ReadOnlyMemory<byte>, ParsedRow<T>> parse, CancellationToken cancellationToken)
        where T : class
    {
        string name = entry.Artifact!; // A line lies in one.
        var bytes = new byte[entry.ByteCount];
        try
        {
            var content = await store.ReadAsync(name, entry.Offset ?? 0, entry.ByteCount, cancellationToken).ConfigureAwait(false) ?? throw new EndOfStreamException("It is gone.");
            await using (content.ConfigureAwait(false))
                await content.Stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            var row = parse(bytes);
            return row.Id == entry.Id && row.Sha256 == entry.Sha256 ? row : throw new InvalidDataException($"The line of {entry.Id} is not what was listed.");
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw ContractException.Damaged(name, ShardPlan.CurrentSchema, e);
        }
    }
}
