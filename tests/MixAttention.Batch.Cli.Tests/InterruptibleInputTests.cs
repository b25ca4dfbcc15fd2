using System.Text;

namespace MixAttention.Batch.Cli.Tests;

public sealed class InterruptibleInputTests
{
    [Fact]
    public async Task Cancelled_read_ends_though_nothing_comes()
    {
        using var source = new SilentStream();
        await using var input = InterruptibleInput.Of(source);
        using var interrupt = new CancellationTokenSource();
        var reading = input.ReadAsync(new byte[8], interrupt.Token).AsTask();

        await interrupt.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Failure_of_the_source_is_the_readers()
    {
        await using var input = InterruptibleInput.Of(new FailingStream());

        var failure = await Assert.ThrowsAsync<IOException>(() => input.ReadAsync(new byte[8], TestContext.Current.CancellationToken).AsTask());

        Assert.Equal("The terminal is gone.", failure.Message);
    }

    [Fact]
    public async Task What_comes_is_read_to_its_end()
    {
        await using var input = InterruptibleInput.Of(new MemoryStream("From a pipe."u8.ToArray()));
        using var reader = new StreamReader(input, Encoding.UTF8);

        Assert.Equal("From a pipe.", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    private sealed class FailingStream : MemoryStream
    {
        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => throw new IOException("The terminal is gone.");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The terminal is gone.");
    }

    /// <summary>A terminal at which nobody types.</summary>
    private sealed class SilentStream : MemoryStream
    {
        private readonly ManualResetEventSlim _closed = new();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _closed.Wait(CancellationToken.None);
            return new(0);
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            _closed.Wait(CancellationToken.None);
            return Task.CompletedTask;
        }

        protected override void Dispose(bool disposing)
        {
            _closed.Set();
            base.Dispose(disposing);
        }
    }
}
