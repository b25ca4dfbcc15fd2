namespace MixAttention.Engine;

/// <summary>Notes when things happened to one request.</summary>
internal sealed class RequestClock(TimeProvider time)
{
    private readonly long _submitted = time.GetTimestamp();
    private TimeSpan? _firstChunk;
    private TimeSpan? _firstToken;

    /// <summary>Notes that a chunk is about to run.</summary>
    public void MarkChunk() => _firstChunk ??= time.GetElapsedTime(_submitted);

    /// <summary>Notes that a token was sampled.</summary>
    public void MarkToken() => _firstToken ??= time.GetElapsedTime(_submitted);

    /// <summary>Reads the clock at the end; what never happened counts until now.</summary>
    public GenerationTimings Stop()
    {
        var total = time.GetElapsedTime(_submitted);
        return new GenerationTimings(_firstChunk ?? total, _firstToken ?? total, total);
    }
}
