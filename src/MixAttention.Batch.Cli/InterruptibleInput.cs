using System.IO.Pipelines;

namespace MixAttention.Batch.Cli;

/// <summary>Makes a stream whose cancelled read ends at once.</summary>
/// <remarks>A console's or a pipe's own read waits for the next byte whatever its token says: Ctrl-C would not stop a run that waits for its standard input.</remarks>
internal static class InterruptibleInput
{
    /// <summary>Wraps a source, which is read some kilobytes ahead of demand and stays open until the process ends.</summary>
    public static Stream Of(Stream source)
    {
        var pipe = new Pipe();
        _ = Task.Run(() => source.CopyToAsync(pipe.Writer)).ContinueWith(copying => pipe.Writer.Complete(copying.Exception?.InnerException), TaskScheduler.Default);
        return pipe.Reader.AsStream();
    }
}
