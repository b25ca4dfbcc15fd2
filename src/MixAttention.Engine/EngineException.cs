namespace MixAttention.Engine;

/// <summary>Reports that the engine has died: the model did not load or a step failed. Its requests have no results.</summary>
public sealed class EngineException : Exception
{
    /// <summary>Creates the exception from what killed the engine.</summary>
    public EngineException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
