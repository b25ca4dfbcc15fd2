using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>An engine counts as stalled while it has requests and makes no step, not while it is idle.</summary>
public sealed class EngineWatchTests : IAsyncDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly WorkerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Engine_is_stalled_from_its_last_step_on_and_only_while_it_has_work()
    {
        _fixture.WriteDocuments(2);
        await _fixture.SubmitAsync();
        var time = new FakeTimeProvider();
        using var isInStep = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _fixture.Job.BeforeStep = _ =>
        {
            isInStep.Set();
            goOn.Wait();
        };
        await using var engine = new EngineHost(_fixture.Job.Model, TimeProvider.System);
        using var worker = new BatchWorker(_fixture.Store, _fixture.Queue, engine, new WorkerOptions { IdleTime = TimeSpan.Zero }, TimeProvider.System);
        var watch = new EngineWatch(engine, time);
        Assert.Equal(TimeSpan.Zero, Later(Hour));

        var working = worker.RunAsync(TestContext.Current.CancellationToken);
        isInStep.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(Hour, Later(Hour)); // It was idle when it was looked at last, which is all that is known.
        Assert.Equal(Hour + Hour, Later(Hour));

        goOn.Set();
        await working;
        Assert.Equal(TimeSpan.Zero, Later(Hour));
        Assert.Equal(TimeSpan.Zero, Later(Hour));

        TimeSpan Later(TimeSpan span)
        {
            time.Advance(span);
            return watch.Look();
        }
    }
}
