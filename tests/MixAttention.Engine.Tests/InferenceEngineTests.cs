using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests;

public sealed class InferenceEngineTests
{
    [Fact]
    public async Task Requests_are_each_answered_once()
    {
        var requests = Enumerable.Range(0, 20).Select(i => Request($"r{i}", 1 + (3 * i))).ToArray();

        var results = await RunAsync(requests, ElementsFor(requests) / 3);

        Assert.Equal(requests.Select(r => r.CustomId).Order(), results.Select(r => r.CustomId).Order());
        Assert.All(results, r => Assert.Null(r.Error));
    }
}
