using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tracing;

/// <summary>Writes and reads trace files: a line is a whole <c>TracesData</c> object, as the OpenTelemetry Collector replays them.</summary>
internal static class TraceFile
{
    // Collectors take lines of up to a mebibyte, and a span has a few kilobytes.
    private const int SpansPerLine = 200;

    // Of former owners' lines no more is kept: a shard that is claimed again and again must not grow without end.
    private const long MaxFormerBytes = 16 << 20;

    private static readonly string Version = typeof(TraceFile).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Writes spans of one process as lines.</summary>
    /// <param name="worker">The process; null for what no single one did.</param>
    /// <param name="spans">Its spans.</param>
    public static byte[] Write(string? worker, IEnumerable<OtlpSpan> spans)
    {
        var resource = new OtlpResource(new OtlpAttributes
        {
            { TraceNames.ServiceName, TraceNames.Product },
            { TraceNames.ServiceVersion, Version },
            { TraceNames.ServiceInstanceId, worker },
        });
        using var lines = new MemoryStream();
        foreach (var some in spans.Chunk(SpansPerLine))
        {
            var traces = new OtlpTraces([new OtlpResourceSpans(resource, [new OtlpScopeSpans(new OtlpScope(TraceNames.Product, Version), some)], TraceNames.SchemaUrl)]);
            JsonSerializer.Serialize(lines, traces, OtlpJson.Default.OtlpTraces);
            lines.WriteByte((byte)'\n');
        }

        return lines.ToArray();
    }

    /// <summary>Appends lines to a file of a store, which has no appending: the file is written anew.</summary>
    /// <remarks>Of two who do so at once one may be lost: a trace may have gaps.</remarks>
    public static async Task AppendAsync(IArtifactStore store, string name, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        byte[] former = [];
        var content = await store.ReadAsync(name, 0, MaxFormerBytes, cancellationToken).ConfigureAwait(false);
        if (content is not null)
        {
            await using (content.ConfigureAwait(false))
            {
                if (content.Length <= MaxFormerBytes)
                {
                    former = new byte[content.Length];
                    await content.Stream.ReadExactlyAsync(former, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        await store.PutIfMatchAsync(
            name,
            etag: null,
            async (stream, stop) =>
            {
                await stream.WriteAsync(former, stop).ConfigureAwait(false);
                await stream.WriteAsync(lines, stop).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads all spans of the files whose names begin with a prefix, with the process that each is of. What cannot be read is passed over.</summary>
    public static async IAsyncEnumerable<(string Worker, OtlpSpan Span)> ReadAsync(IArtifactStore store, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var file in store.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            var content = await store.ReadBytesAsync(file.Name, cancellationToken).ConfigureAwait(false);
            if (content is null)
                continue;
            foreach (var resource in CheckpointSegment.SplitLines(content.Bytes).Select(TryParse).OfType<OtlpTraces>().SelectMany(t => t.ResourceSpans))
            {
                string worker = resource.Resource.Attributes.Text(TraceNames.ServiceInstanceId) ?? "";
                foreach (var span in resource.ScopeSpans.SelectMany(s => s.Spans))
                    yield return (worker, span);
            }
        }
    }

    private static OtlpTraces? TryParse(ReadOnlyMemory<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line.Span, OtlpJson.Default.OtlpTraces);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
