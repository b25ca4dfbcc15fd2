using System.Text.Json.Serialization;

namespace MixAttention.Batch.Cli.Plans;

/// <summary>Turns plans into JSON.</summary>
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(IReadOnlyList<PlanReport>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
internal sealed partial class PlanJson : JsonSerializerContext;
