using System.Security.Cryptography;
using System.Text.Json;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Shards;

/// <summary>One segment of a shard's checkpoint: requests that are about to run, the lines of those that have finished, and the calls that have finished of others.</summary>
/// <remarks>A file of lines: a header, the result lines as they are, a line for each call, and a trailer with the digest of all before it. What is torn or changed in any bit is no segment.</remarks>
/// <param name="Header">What the segment says besides lines.</param>
/// <param name="Lines">Requests that have finished since the segment before.</param>
/// <param name="Calls">Calls that have finished since then, of requests that have not.</param>
internal sealed record CheckpointSegment(CheckpointHeader Header, IReadOnlyList<ResultLine> Lines, IReadOnlyList<CallLine> Calls)
{
    private const byte NewLine = (byte)'\n';

    /// <summary>Writes the segment as a file.</summary>
    public byte[] Write()
    {
        using var file = new MemoryStream();
        file.Write(ContractJson.Write(Header with { Finished = Lines.Count, Calls = Calls.Count }, ContractJson.Default.CheckpointHeader));
        file.WriteByte(NewLine);
        foreach (var line in Lines.Select(l => l.Bytes).Concat(Calls.Select(c => (ReadOnlyMemory<byte>)ContractJson.Write(c, ContractJson.Default.CallLine))))
        {
            file.Write(line.Span);
            file.WriteByte(NewLine);
        }

        string digest = Convert.ToHexStringLower(SHA256.HashData(file.GetBuffer().AsSpan(0, (int)file.Length)));
        file.Write(ContractJson.Write(new CheckpointTrailer(digest), ContractJson.Default.CheckpointTrailer));
        file.WriteByte(NewLine);
        return file.ToArray();
    }

    /// <summary>Reads a file.</summary>
    /// <returns>Null when it is torn, changed, of another version, or no segment at all.</returns>
    public static CheckpointSegment? TryRead(ReadOnlyMemory<byte> file)
    {
        try
        {
            if (file.IsEmpty || file.Span[^1] != NewLine)
                return null;
            int trailerStart = file.Span[..^1].LastIndexOf(NewLine) + 1;
            var trailer = JsonSerializer.Deserialize(file.Span[trailerStart..], ContractJson.Default.CheckpointTrailer);
            if (trailer?.Sha256 != Convert.ToHexStringLower(SHA256.HashData(file.Span[..trailerStart])))
                return null;

            int headerEnd = file.Span.IndexOf(NewLine);
            var header = ContractJson.Read(file.Span[..headerEnd], CheckpointHeader.CurrentSchema, ContractJson.Default.CheckpointHeader, "checkpoint");
            var lines = SplitLines(file[(headerEnd + 1)..trailerStart]).ToList();
            return lines.Count == header.Finished + header.Calls
                ? new CheckpointSegment(header, [.. lines.Take(header.Finished).Select(ResultLine.Parse)], [.. lines.Skip(header.Finished).Select(ParseCall)])
                : null;
        }
        catch (Exception e) when (e is JsonException or ContractException)
        {
            return null;
        }
    }

    /// <summary>Cuts a file into its lines, without their ends.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> SplitLines(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.Span.IndexOf(NewLine);
            int length = end < 0 ? bytes.Length : end;
            yield return bytes[..length];
            bytes = bytes[Math.Min(length + 1, bytes.Length)..];
        }
    }

    private static CallLine ParseCall(ReadOnlyMemory<byte> line) => JsonSerializer.Deserialize(line.Span, ContractJson.Default.CallLine) ?? throw new JsonException("A call is null.");
}

/// <summary>The first line of a checkpoint segment.</summary>
internal sealed record CheckpointHeader
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.checkpoint/1";

    /// <summary>Gets the contract that the segment was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets what the results depend on; results of another fingerprint are of no use.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the requests that go to the engine once the segment is written.</summary>
    public IReadOnlyList<int> Started { get; init; } = [];

    /// <summary>Gets whether the request that is started has the engine to itself.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Gets whether the owner gives the shard up in good order: what it started and did not finish was not running in a crash.</summary>
    public bool IsDrained { get; init; }

    /// <summary>Gets the number of result lines that follow.</summary>
    public int Finished { get; init; }

    /// <summary>Gets the number of calls that follow them.</summary>
    public int Calls { get; init; }
}

/// <summary>The last line of a checkpoint segment.</summary>
/// <param name="Sha256">Digest of all bytes before it.</param>
internal sealed record CheckpointTrailer(string Sha256);
