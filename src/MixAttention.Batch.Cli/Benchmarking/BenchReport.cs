using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>The last line of a benchmark. Field names are those of the peers' harness, so that lines can be put side by side.</summary>
internal sealed record BenchReport
{
    public string Engine { get; init; } = "mixattention.batch";

    public required string Version { get; init; }

    public required string Label { get; init; }

    public required string Model { get; init; }

    public required string Workload { get; init; }

    public required long Params { get; init; }

    public required long ModelBytes { get; init; }

    public required int Requests { get; init; }

    /// <summary>Gets the prompt tokens of all requests.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Gets the generated tokens of all requests.</summary>
    public required long GenTokens { get; init; }

    /// <summary>Gets the sequences that may run at once.</summary>
    public required int Slots { get; init; }

    public required ulong Seed { get; init; }

    public required int Threads { get; init; }

    public required string Device { get; init; }

    public required string Precision { get; init; }

    public required int Chunk { get; init; }

    public required bool TrimPrefill { get; init; }

    public required double LoadS { get; init; }

    /// <summary>Gets the time of steps that only prefill, only decode, or do both, of the best run.</summary>
    public required double PrefillS { get; init; }

    public required double DecodeS { get; init; }

    public required double MixedS { get; init; }

    /// <summary>Gets the time in linear layers, in attention, in the rest of forward passes, and outside them (scheduling, sampling, results), of the best run.</summary>
    public required double LinearS { get; init; }

    public required double AttentionS { get; init; }

    public required double OtherForwardS { get; init; }

    public required double OutsideForwardS { get; init; }

    /// <summary>Gets the time from the first request in to the last token out, of the best run.</summary>
    public required double WallS { get; init; }

    /// <summary>Gets tokens over the time of steps that only prefill; null when there are none.</summary>
    public required double? PrefillTokS { get; init; }

    /// <summary>Gets tokens over the time of steps that only decode; null when there are none.</summary>
    public required double? DecodeTokS { get; init; }

    public required double OutputTokS { get; init; }

    public required double TotalTokS { get; init; }

    public required long Steps { get; init; }

    public required long PeakRssBytes { get; init; }

    /// <summary>Gets the most KV bytes in use at once.</summary>
    public required long KvBytes { get; init; }

    /// <summary>Gets the bytes that the layout's formula gives for the requests that fit at once.</summary>
    public required long KvFormulaBytes { get; init; }

    public required long KvReservedBytes { get; init; }

    public required IReadOnlyList<double> RunsWallS { get; init; }

    public required IReadOnlyList<double?> RunsOtherCpu { get; init; }

    /// <summary>Gets the share of all processors that other processes took in the best run; null where unknown.</summary>
    public required double? OtherCpu { get; init; }

    public required string TokensHash { get; init; }
}

/// <summary>Writes a report as one line.</summary>
[JsonSerializable(typeof(BenchReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class BenchJson : JsonSerializerContext
{
    // A workload's + is written as it is: no line is ever pasted into HTML.
    private static readonly BenchJson Relaxed = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Write(BenchReport report) => JsonSerializer.Serialize(report, Relaxed.BenchReport);
}
