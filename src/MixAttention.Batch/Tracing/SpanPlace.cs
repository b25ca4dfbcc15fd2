using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Tracing;

/// <summary>Where a span belongs: its trace, its own id and the span around it. Ids follow from names, so whoever knows a name can link to the span.</summary>
/// <param name="TraceId">32 hexadecimal digits.</param>
/// <param name="SpanId">16 hexadecimal digits.</param>
/// <param name="ParentSpanId">The span around it; null for a trace's first.</param>
internal sealed record SpanPlace(string TraceId, string SpanId, string? ParentSpanId)
{
    /// <summary>Gets the place of a job's span.</summary>
    public static SpanPlace OfJob(string jobId) => Root($"job {jobId}");

    /// <summary>Gets the place of what one owner of a shard did. It begins a trace of its own, linked to the job: one trace of hours is more than viewers take.</summary>
    public static SpanPlace OfShard(string jobId, int shard, int generation) => Root($"job {jobId} shard {shard} generation {generation}");

    /// <summary>Gets the place of the steps of a worker's engine.</summary>
    public static SpanPlace OfEngine(string worker) => Root($"engine of {worker}");

    /// <summary>Gets the place of a span inside this one.</summary>
    public SpanPlace Inside(string name) => new(TraceId, Digest($"{SpanId} {name}", 16), SpanId);

    /// <summary>Links to this span.</summary>
    public OtlpLink Link() => new(TraceId, SpanId);

    /// <summary>Links to the span of a W3C trace context, as <c>traceparent</c> names it.</summary>
    /// <returns>Null when it is none.</returns>
    public static OtlpLink? LinkTo(string? traceparent)
    {
        string[] parts = traceparent?.Split('-') ?? [];
        return parts is [_, { Length: 32 } trace, { Length: 16 } span, ..] && trace.All(char.IsAsciiHexDigitLower) && span.All(char.IsAsciiHexDigitLower) ? new OtlpLink(trace, span) : null;
    }

    private static SpanPlace Root(string name) => new(Digest($"trace of {name}", 32), Digest($"span of {name}", 16), null);

    private static string Digest(string text, int digits) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..digits];
}
