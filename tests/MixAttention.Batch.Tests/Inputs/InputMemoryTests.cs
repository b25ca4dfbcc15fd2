using System.Text;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Inputs;

/// <summary>Measures memory, which other tests would disturb.</summary>
[CollectionDefinition(nameof(InputMemoryTests), DisableParallelization = true)]
[Collection(nameof(InputMemoryTests))]
public sealed class InputMemoryTests
{
    private const int Rows = 50_000;

    [Fact]
    public async Task Pass_over_a_file_keeps_at_most_64_bytes_a_row_fault_40()
    {
        const int firstSample = 1_000;
        long first = 0, last = 0;
        using var stream = new GeneratedStream(Enumerable.Range(0, Rows).Select(i =>
            Encoding.UTF8.GetBytes(BatchLines.Chat(id: $"request-with-a-rather-long-name-{i:0000000000}", messages: $$"""[{"role":"user","content":"{{new string('x', 100 + (i % 800))}}"}]""") + "\n")));
        var validator = new InputValidator<BatchRow>(new BatchRowParser(BatchLines.Model, new BodyDefaults()).Parse);
        await foreach (var row in validator.ReadAsync(stream, TestContext.Current.CancellationToken))
        {
            if (row.Index == firstSample)
                first = GC.GetTotalMemory(forceFullCollection: true);
            if (row.Index == Rows - 1)
                last = GC.GetTotalMemory(forceFullCollection: true);
        }

        Assert.Equal((Rows, 0), (validator.Report.Rows, validator.Report.FaultCount));
        Assert.InRange((last - first) / (double)(Rows - firstSample), 16, 64);
    }
}
