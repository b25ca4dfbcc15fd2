using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests;

/// <summary>Interrupts the real process.</summary>
[Collection("processes")]
public sealed class InterruptTests : IDisposable
{
    private const string Stopping = "mixbatch: stopping; what has finished is being written. Again to leave at once.";

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
        await run.WaitForAsync($@"\nrequests [1-9]\d*/{Documents}, ");

        run.Interrupt();
        var (exitCode, output) = await run.WaitForEndAsync();

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        Assert.Contains(Stopping, run.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Shown); // no terminal: plain lines
        var lines = File.ReadLines(_folder["out/output.jsonl"]).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.InRange(lines.Count, 1, Documents - 1);
        Assert.Contains($"Interrupted: {Documents - lines.Count} of {Documents} requests have no line.", output, StringComparison.Ordinal);
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
    public async Task Progress_is_redrawn_on_a_terminal_whose_ctrl_c_stops_the_run()
    {
        Assert.SkipUnless(MixBatchProcess.HasTerminal, "There is no script (util-linux) to make a terminal.");
        using var run = MixBatchProcess.StartOnTerminal(_folder.Path, LongRun);
        await run.WaitForAsync($@"requests[^\n]*[ m][1-9]\d*/{Documents}");

        run.Type("\u0003");
        var (exitCode, _) = await run.WaitForEndAsync();

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        foreach (string shown in (string[])["prompt tokens/s", "output tokens/s", "running", "KV", "time left", "█", Stopping, "Interrupted: "])
            Assert.Contains(shown, run.Shown, StringComparison.Ordinal);
        Assert.Contains("\u001b[?25l", run.Shown, StringComparison.Ordinal); // the cursor hides while lines are redrawn
        Assert.Contains("\u001b[?25h", run.Shown, StringComparison.Ordinal); // and comes back
    }
}
