using System.Text.Json.Serialization;

namespace MixAttention.Batch.Tracing;

/// <summary>One line of a trace file: the object <c>TracesData</c> of OpenTelemetry's protocol, in its JSON form.</summary>
/// <remarks>In that form ids are hexadecimal, 64-bit numbers are strings, enumerations are numbers, and fields that a reader does not know are passed over.</remarks>
internal sealed record OtlpTraces(IReadOnlyList<OtlpResourceSpans> ResourceSpans);

/// <summary>Spans of one process.</summary>
internal sealed record OtlpResourceSpans(OtlpResource Resource, IReadOnlyList<OtlpScopeSpans> ScopeSpans, string? SchemaUrl);

/// <summary>A process.</summary>
internal sealed record OtlpResource(OtlpAttributes Attributes);

/// <summary>Spans of one library.</summary>
internal sealed record OtlpScopeSpans(OtlpScope Scope, IReadOnlyList<OtlpSpan> Spans);

/// <summary>A library.</summary>
internal sealed record OtlpScope(string Name, string Version);

/// <summary>Something that took time.</summary>
internal sealed record OtlpSpan
{
    /// <summary>The kind of a span whose work stays inside the process.</summary>
    public const int Internal = 1;

    /// <summary>The kind of a span that works on a message.</summary>
    public const int Consumer = 5;

    public required string TraceId { get; init; }

    public required string SpanId { get; init; }

    public string? ParentSpanId { get; init; }

    public required string Name { get; init; }

    public int Kind { get; init; } = Internal;

    [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
    public required long StartTimeUnixNano { get; init; }

    [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
    public required long EndTimeUnixNano { get; init; }

    public OtlpAttributes Attributes { get; init; } = [];

    public IReadOnlyList<OtlpEvent>? Events { get; init; }

    public IReadOnlyList<OtlpLink>? Links { get; init; }

    public OtlpStatus? Status { get; init; }

    [JsonIgnore]
    public DateTimeOffset StartedAt => OtlpTime.Of(StartTimeUnixNano);

    [JsonIgnore]
    public DateTimeOffset EndedAt => OtlpTime.Of(EndTimeUnixNano);
}

/// <summary>Something that happened during a span.</summary>
internal sealed record OtlpEvent(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)] long TimeUnixNano, string Name, OtlpAttributes Attributes);

/// <summary>A span that this one goes back to, in another trace.</summary>
internal sealed record OtlpLink(string TraceId, string SpanId);

/// <summary>How a span ended.</summary>
internal sealed record OtlpStatus(int Code, string? Message)
{
    /// <summary>Makes the status of a failure.</summary>
    /// <returns>Null where nothing failed.</returns>
    public static OtlpStatus? Of(string? errorCode) => errorCode is null ? null : new OtlpStatus(2, errorCode);
}

/// <summary>Writes and reads the times of spans.</summary>
internal static class OtlpTime
{
    private const int NanosecondsPerTick = 100;

    public static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;

    public static DateTimeOffset Of(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);
}

[JsonSerializable(typeof(OtlpTraces))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
internal sealed partial class OtlpJson : JsonSerializerContext;
