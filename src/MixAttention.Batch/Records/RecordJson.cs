using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MixAttention.Batch.Records;

/// <summary>Turns records into lines of JSON.</summary>
/// <remarks>
/// Letters of all scripts are written as they are (the relaxed encoder), so that lines can be read by people: no line is ever pasted into HTML here. Control
/// characters, quotation marks and backslashes are escaped, so a line never breaks.
/// </remarks>
[JsonSerializable(typeof(ResultRecord))]
[JsonSerializable(typeof(FingerprintInput))]
[JsonSerializable(typeof(ResultLineFields))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class RecordJson : JsonSerializerContext
{
    private static readonly RecordJson Relaxed = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static byte[] Write(ResultRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, Relaxed.ResultRecord);

    public static ResultRecord? Read(ReadOnlySpan<byte> line) => JsonSerializer.Deserialize(line, Relaxed.ResultRecord);
}
