namespace MixAttention.Batch.Queue;

/// <summary>Tells a holder that a message is not its own any more: the lock ran out or the message was settled.</summary>
/// <remarks>Another receiver may hold the message. After a settling whose outcome is unknown it may also mean that the settling had succeeded.</remarks>
public sealed class LockLostException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="messageId">The message.</param>
    /// <param name="innerException">The cause.</param>
    public LockLostException(string messageId, Exception? innerException = null)
        : base($"The lock of message {messageId} is lost: it ran out or the message was settled. Stop its work; whoever receives it next goes on from what is committed.", innerException) =>
        MessageId = messageId;

    /// <summary>Gets the message's id.</summary>
    public string MessageId { get; }
}
