using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests;

/// <summary>Interrupts the real process.</summary>
[Collection("processes")]
public sealed class InterruptTests : IDisposable
{
    private const string Stopping = "mixbatch: stopping; a second Ctrl-C or SIGTERM leaves at once.";

    private const int Documents = 2000; // one at a time: far more than finish before progress is shown

    private static readonly string[] LongRun = ["run", "docs", "-o", "out", "--max-sequences", "1", "--max-tokens", "20"];

    private readonly TemporaryFolder _folder = new();

    public InterruptTests()
    {
        for (int i = 0; i < Documents; i++)
            _folder.Write($"docs/{i}.txt", $"Document {i} is short.");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task First_signal_stops_a_run_and_what_has_finished_is_there()
    {
        using var run = MixBatchProcess.Start(_folder.Path, LongRun);
        await run.WaitForAsync(@"\nrequests [1-9][\d,]*/2,000, ");

        run.Interrupt();
        var (exitCode, output) = await run.WaitForEndAsync();

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        Assert.Contains($"{Stopping}\nmixbatch: Running requests may finish for up to 25 s (--drain-seconds); what has finished is kept.\n", run.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Shown); // no terminal: plain lines
        var lines = File.ReadLines(_folder["out/output.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.InRange(lines.Count, 1, Documents - 1);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"Interrupted: {Documents - lines.Count:N0} of 2,000 requests have no line."), output, StringComparison.Ordinal);
        Assert.All(lines, l => Assert.True(File.Exists(_folder[$"out/{l.GetProperty("x_batch").GetProperty("text").GetString()}"])));
    }

    [Fact]
    public async Task Second_signal_ends_the_process_though_it_hangs()
    {
        // A pipe to which nothing is written holds up whoever reads it; opening its other end waits for that reader.
        string path = _folder["truth.jsonl"];
        using (var mkfifo = Process.Start("mkfifo", [path]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var eval = MixBatchProcess.Start(_folder.Path, "eval", "--truth", path);
        await using var pipe = await Task.Run(() => new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)).WaitAsync(eval.Patience);

        eval.Interrupt();
        await eval.WaitForAsync(Regex.Escape(Stopping));
        eval.Interrupt();

        Assert.Equal((ExitCodes.Interrupted, ""), await eval.WaitForEndAsync());
    }

    [Fact]
    public async Task Second_signal_leaves_in_good_order_while_the_model_computes()
    {
        const int longDocuments = 100; // half a minute and more
        for (int i = 0; i < longDocuments; i++)
            _folder.Write($"long/{i}.txt", string.Concat(Enumerable.Repeat($"Document {i} is long. ", 1000)));
        for (int i = 0; i < 4; i++)
        {
            using var run = MixBatchProcess.Start(_folder.Path, "run", "long", "-o", $"out-{i}");
            await run.WaitForAsync(@"\nrequests \d+/100, ");

            run.Interrupt();
            await run.WaitForAsync(Regex.Escape(Stopping));
            run.Interrupt();

            Assert.Equal((ExitCodes.Interrupted, ""), await run.WaitForEndAsync());
        }
    }

    [Fact]
    public async Task Signal_before_anything_has_run_says_what_to_do()
    {
        using var run = MixBatchProcess.Start(_folder.Path, LongRun);
        await run.WaitForAsync("demo model"); // the first thing that a run says

        run.Interrupt();
        var (exitCode, output) = await run.WaitForEndAsync();

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        Assert.Matches("Run the same command again( to go on)?\\.", run.Shown + output);
    }

    [Fact]
    public async Task Progress_is_redrawn_on_a_terminal_whose_ctrl_c_stops_the_run()
    {
        Assert.SkipUnless(MixBatchProcess.HasTerminal, "There is no script (util-linux) to make a terminal.");
        using var run = MixBatchProcess.StartOnTerminal(_folder.Path, LongRun);
        await run.WaitForAsync(@"requests[^\n]*[ m][1-9][\d,]*/2,000");

        run.Type("\u0003");
        var (exitCode, _) = await run.WaitForEndAsync();

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        foreach (string shown in (string[])["prompt tokens/s", "output tokens/s", "running", "KV", "time left", "█", Stopping, "Interrupted: "])
            Assert.Contains(shown, run.Shown, StringComparison.Ordinal);
        Assert.Contains("\u001b[?25l", run.Shown, StringComparison.Ordinal); // the cursor hides while lines are redrawn
        Assert.Contains("\u001b[?25h", run.Shown, StringComparison.Ordinal); // and comes back
    }
}
