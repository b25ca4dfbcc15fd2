using System.Text;

namespace MixAttention.Batch.Cli.Tests;

public sealed class InterruptibleInputTests
{
    [Fact]
    public async Task Cancelled_read_ends_though_nothing_comes()
    {
        using var source = new SilentStream();
        await using var input = new InterruptibleInput(source);
        using var interrupt = new CancellationTokenSource();
        var reading = input.ReadAsync(new byte[8], interrupt.Token).AsTask();

        await interrupt.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_comes_is_read_to_its_end()
    {
        await using var input = new InterruptibleInput(new MemoryStream("From a pipe."u8.ToArray()));
        using var reader = new StreamReader(input, Encoding.UTF8);

        Assert.Equal("From a pipe.", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>A terminal at which nobody types.</summary>
    private sealed class SilentStream : MemoryStream
    {
        private readonly ManualResetEventSlim _closed = new();

        public override int Read(Span<byte> buffer)
        {
            _closed.Wait(TestContext.Current.CancellationToken);
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            _closed.Set();
            base.Dispose(disposing);
        }
    }
}
