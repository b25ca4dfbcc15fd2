namespace MixAttention.Compute;

/// <summary>Reports that the device or its library can't do what was asked; the message says what to do.</summary>
public sealed class ComputeException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ComputeException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public ComputeException(string message, Exception inner) : base(message, inner)
    {
    }
}
