using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace MixAttention.Engine.Tests;

public sealed class EngineMetricsTests
{
    [Fact]
    public void Figures_are_published_with_units()
    {
        var sums = new ConcurrentDictionary<string, double>();
        using var metrics = new EngineMetrics(() => new EngineSnapshot { SequencesRunning = 3, SequencesWaiting = 4, KvBytesUsed = 500, KvBytesBudget = 600 });
        using var listener = new MeterListener
        {
            // Other tests' engines publish under the same name at the same time.
            InstrumentPublished = (instrument, l) =>
            {
                if (ReferenceEquals(instrument.Meter, metrics.Meter))
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Add(i, value, tags));
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Add(i, value, tags));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Add(i, value, tags));
        listener.Start();

        metrics.RecordStep(completionTokens: 2, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1));
        metrics.RecordStep(completionTokens: 1, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        metrics.RecordPrefill(tokens: 10, cachedTokens: 0, new PrefillWork(Flops: 70, FlopsSaved: 100, SkippedRows: 1));
        metrics.RecordPrefill(tokens: 5, cachedTokens: 20, new PrefillWork(Flops: 30, FlopsSaved: 200, SkippedRows: 2));
        metrics.RecordFinished(FinishReason.Length);
        listener.RecordObservableInstruments();

        var expected = new Dictionary<string, double>
        {
            ["mixattention.steps {step}"] = 2,
            ["mixattention.prompt.tokens {token}"] = 35,
            ["mixattention.prompt.cached_tokens {token}"] = 20,
            ["mixattention.prefix.hits {sequence}"] = 1,
            ["mixattention.completion.tokens {token}"] = 3,
            ["mixattention.prefill.operations {operation}"] = 100,
            ["mixattention.prefill.operations_saved {operation}"] = 300,
            ["mixattention.step.duration s phase=model"] = 5,
            ["mixattention.step.duration s phase=engine"] = 2,
            ["mixattention.sequences.finished {sequence} finish_reason=length"] = 1,
            ["mixattention.sequences.running {sequence}"] = 3,
            ["mixattention.sequences.waiting {sequence}"] = 4,
            ["mixattention.kv.used By"] = 500,
            ["mixattention.kv.budget By"] = 600,
        };
        Assert.Equal(expected.OrderBy(e => e.Key), sums.OrderBy(e => e.Key));

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string name = $"{instrument.Name} {instrument.Unit}";
            foreach (var (key, tag) in tags)
                name += $" {key}={tag}";
            sums.AddOrUpdate(name, value, (_, sum) => sum + value);
        }
    }
}
