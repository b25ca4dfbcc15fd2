namespace MixAttention.Batch.Store;

/// <summary>Tells that a store cannot be used: no space, no permission, an outage.</summary>
/// <remarks>Says nothing about the artifact: a put may have taken effect before the failure.</remarks>
public sealed class StoreException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What, where, why and what to do.</param>
    /// <param name="isTransient">Whether the same call may succeed soon.</param>
    /// <param name="innerException">The cause.</param>
    public StoreException(string message, bool isTransient, Exception? innerException = null) : base(message, innerException) => IsTransient = isTransient;

    /// <summary>Gets whether the same call may succeed when it is made again soon.</summary>
    /// <value>False where somebody has to act first, as when the disk is full.</value>
    public bool IsTransient { get; }
}
