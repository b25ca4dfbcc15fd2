using System.Text.Json.Serialization;

namespace MixAttention.Batch.Tracing;

/// <summary>Names and values of a span, an event or a process. A text that is null is left out.</summary>
internal sealed class OtlpAttributes : List<OtlpAttribute>
{
    public void Add(string key, string? value)
    {
        if (value is not null)
            Add(new OtlpAttribute(key, new OtlpValue { StringValue = value }));
    }

    public void Add(string key, long value) => Add(new OtlpAttribute(key, new OtlpValue { IntValue = value }));

    public void Add(string key, double value) => Add(new OtlpAttribute(key, new OtlpValue { DoubleValue = value }));

    public void Add(string key, bool value) => Add(new OtlpAttribute(key, new OtlpValue { BoolValue = value }));

    public void Add(string key, IReadOnlyList<string> values) => Add(new OtlpAttribute(key, new OtlpValue { ArrayValue = new OtlpArray([.. values.Select(v => new OtlpValue { StringValue = v })]) }));

    /// <summary>Adds a span of time, in seconds.</summary>
    public void Add(string key, TimeSpan value) => Add(key, value.TotalSeconds);

    public string? Text(string key) => Find(key)?.StringValue;

    /// <summary>Gets the first of several texts.</summary>
    public string? First(string key) => Find(key)?.ArrayValue?.Values is [var first, ..] ? first.StringValue : null;

    public long Integer(string key) => Find(key)?.IntValue ?? 0;

    public double Number(string key) => Find(key)?.DoubleValue ?? 0;

    public TimeSpan Seconds(string key) => TimeSpan.FromSeconds(Number(key));

    public bool Flag(string key) => Find(key)?.BoolValue ?? false;

    private OtlpValue? Find(string key) => Find(a => a.Key == key)?.Value;
}

/// <summary>A name and its value.</summary>
internal sealed record OtlpAttribute(string Key, OtlpValue Value);

/// <summary>A value: one of these is set.</summary>
internal sealed record OtlpValue
{
    public string? StringValue { get; init; }

    public bool? BoolValue { get; init; }

    [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
    public long? IntValue { get; init; }

    public double? DoubleValue { get; init; }

    public OtlpArray? ArrayValue { get; init; }
}

/// <summary>Several values.</summary>
internal sealed record OtlpArray(IReadOnlyList<OtlpValue> Values);
