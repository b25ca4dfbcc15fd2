namespace MixAttention.Batch.Records;

/// <summary>The codes of error lines: a closed list.</summary>
public static class ErrorCodes
{
    /// <summary>The line is not JSON.</summary>
    public const string InvalidJson = "invalid_json";

    /// <summary>A field or its value is not taken.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>Another line has the same id.</summary>
    public const string DuplicateCustomId = "duplicate_custom_id";

    /// <summary>The request's url is not one that is answered.</summary>
    public const string UnsupportedUrl = "unsupported_url";

    /// <summary>The request is for a model of another name. OpenAI's own code: a client that knows it should find it here.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>The document is of no type that is read, or its bytes are not of the type that its name says.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>The document is over a limit: bytes, pages, nesting, or what it unpacks to.</summary>
    public const string DocumentTooLarge = "document_too_large";

    /// <summary>The document holds no text.</summary>
    public const string DocumentEmpty = "document_empty";

    /// <summary>The document is damaged, encrypted, or in an encoding that cannot be told.</summary>
    public const string DocumentUndecodable = "document_undecodable";

    /// <summary>The file cannot be opened or read.</summary>
    public const string StorageError = "storage_error";

    /// <summary>Prompt and answer together are longer than the model can take.</summary>
    public const string ContextLengthExceeded = "context_length_exceeded";

    /// <summary>The request's keys and values alone are larger than the memory set aside for them.</summary>
    public const string TokenBudgetExceeded = "token_budget_exceeded";

    /// <summary>Partial summaries are too long to be joined: another limit on tokens or a model of a longer context cures it.</summary>
    public const string ReduceNotConverging = "reduce_not_converging";

    /// <summary>The model said nothing.</summary>
    public const string EmptyOutput = "empty_output";

    /// <summary>The document is not what it was when the job was submitted.</summary>
    public const string InputChanged = "input_changed";

    /// <summary>The request was running, alone, whenever its worker died.</summary>
    public const string PoisonDocument = "poison_document";

    /// <summary>The job's deadline passed before the request had run.</summary>
    public const string BatchExpired = "batch_expired";

    /// <summary>The job was cancelled before the request had run.</summary>
    public const string BatchCancelled = "batch_cancelled";
}
