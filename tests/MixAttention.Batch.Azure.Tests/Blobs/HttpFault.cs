namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>What happens to a request on its way.</summary>
public enum HttpFault
{
    /// <summary>It does not reach the server; the connection ends.</summary>
    DroppedRequest,

    /// <summary>The server carries it out; the connection ends without an answer.</summary>
    DroppedReply,

    /// <summary>It does not reach the server, which is said to have failed.</summary>
    ServerError,

    /// <summary>It does not reach the server, which is said to be busy for a second.</summary>
    Busy,

    /// <summary>The server carries it out; the connection ends in the middle of the answer.</summary>
    TruncatedReply,

    /// <summary>The server carries it out; the answer comes later than anybody waits.</summary>
    LateReply,

    /// <summary>It does not reach the server; the connection ends in the middle of the request.</summary>
    ResetRequest,

    /// <summary>The server is said to forbid it.</summary>
    Forbidden,
}
