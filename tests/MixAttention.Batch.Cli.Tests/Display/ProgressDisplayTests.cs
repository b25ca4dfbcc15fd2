using System.Text;
using System.Threading.Channels;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Jobs;
using MixAttention.Engine;

namespace MixAttention.Batch.Cli.Tests.Display;

public sealed class ProgressDisplayTests
{
    [Fact]
    public async Task Messages_and_first_failures_are_shown_while_the_job_goes_on_and_once()
    {
        var lines = new LineChannel();
        var display = new ProgressDisplay(new CliHost { Output = TextWriter.Null, Error = lines });
        var failures = new List<JobFailure> { new("a.txt", new GenerationError("document_empty", "a.txt is empty. Remove it.")) };
        var progress = new JobProgress(9, 1, 1, TimeSpan.Zero, 0, new EngineSnapshot()) { FirstFailures = failures };
        var job = new TaskCompletionSource<int>();
        display.Say("A message.");

        var following = display.FollowAsync(job.Task, () => progress);

        Assert.Equal("A message.", await lines.ReadAsync());
        Assert.Equal("mixbatch: a.txt is empty. Remove it. (document_empty)", await lines.ReadAsync());
        job.SetResult(7);
        Assert.Equal(7, await following);
        Assert.Equal(["mixbatch: b: No. (x)", "mixbatch: and 1 more failure; all are in out/errors.jsonl."], display.Failures.TakeLast([failures[0], new("b", new GenerationError("x", "No."))], 3, "out"));
    }

    /// <summary>Brings lines to who waits for them.</summary>
    private sealed class LineChannel : TextWriter
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value) => _lines.Writer.TryWrite(value ?? "");

        public ValueTask<string> ReadAsync() => _lines.Reader.ReadAsync(TestContext.Current.CancellationToken);
    }
}
