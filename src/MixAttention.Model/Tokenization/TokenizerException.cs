namespace MixAttention.Model.Tokenization;

/// <summary>Reports that a tokenizer or its configuration cannot be used; the message names the file, the fault and the next action.</summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TokenizerException()
    {
    }

    /// <summary>Creates the exception with its message.</summary>
    public TokenizerException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its message and cause.</summary>
    public TokenizerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
