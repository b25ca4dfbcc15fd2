namespace MixAttention.Batch.Records;

/// <summary>The codes of error lines: a closed list. None of these is cured by running the same request again.</summary>
public static class ErrorCodes
{
    /// <summary>The document is neither .txt nor .md.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>The document is larger than the limit in bytes.</summary>
    public const string DocumentTooLarge = "document_too_large";

    /// <summary>The document holds no text.</summary>
    public const string DocumentEmpty = "document_empty";

    /// <summary>The document is not text in UTF-8 or UTF-16.</summary>
    public const string DocumentUndecodable = "document_undecodable";

    /// <summary>The file cannot be opened or read.</summary>
    public const string StorageError = "storage_error";

    /// <summary>Prompt and answer together are longer than the model can take.</summary>
    public const string ContextLengthExceeded = "context_length_exceeded";

    /// <summary>The request's keys and values alone are larger than the memory set aside for them.</summary>
    public const string TokenBudgetExceeded = "token_budget_exceeded";
}
