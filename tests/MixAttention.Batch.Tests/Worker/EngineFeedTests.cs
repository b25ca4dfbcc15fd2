using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Worker;

public sealed class EngineFeedTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly JobFixture _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public async Task Dead_engine_gives_no_turns_but_its_failure_also_to_those_who_had_nothing_in_it()
    {
        _job.BeforeStep = _ => throw new InvalidOperationException("The device is gone.");
        await using var feed = await StartAsync();
        var running = await feed.SubmitAsync(new GenerationRequest { CustomId = "a", Key = "a", PromptIds = new[] { 1, 2, 3 }, Sampling = new SamplingParams { MaxTokens = 2 } });
        await Assert.ThrowsAsync<EngineException>(() => running);
        await Assert.ThrowsAsync<EngineException>(() => feed.TakeTurnAsync(0, isAlone: false, Stop));
    }

    [Fact]
    public async Task Closed_feed_gives_no_turns_and_no_failure()
    {
        await using var feed = await StartAsync();
        feed.Close();
        Assert.Null(await feed.TakeTurnAsync(0, isAlone: false, Stop));
    }

    [Fact]
    public async Task Nothing_runs_alone_while_a_request_is_between_its_calls()
    {
        await using var feed = await StartAsync();
        var open = feed.OpenRequest();
        var alone = feed.TakeTurnAsync(0, isAlone: true, Stop);
        Assert.False(alone.IsCompleted);
        open.Dispose();
        Assert.NotNull(await alone);
    }

    private Task<EngineFeed> StartAsync() => EngineFeed.StartAsync(_job.Model.Text, _job.Model.Engine, TimeProvider.System, _ => { }, Stop);
}
