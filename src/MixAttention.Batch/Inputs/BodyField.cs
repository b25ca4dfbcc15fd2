namespace MixAttention.Batch.Inputs;

/// <summary>What is done with a field of a request's body.</summary>
internal enum FieldTreatment
{
    /// <summary>It does what OpenAI or vLLM say.</summary>
    Honoured,

    /// <summary>It is taken and has no effect on the answer.</summary>
    Ignored,

    /// <summary>Only the value that changes nothing is taken.</summary>
    RefusedUnless,

    /// <summary>It is not taken.</summary>
    Refused,
}

/// <summary>A field of a request's body and what is done with it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Endpoint">Where it belongs; null for both endpoints.</param>
/// <param name="Treatment">What is done with it.</param>
/// <param name="Note">Values and default, why it is ignored, or what to do instead.</param>
/// <param name="Read">Reads a value that is not null into the draft.</param>
internal sealed record BodyField(string Name, BatchEndpoint? Endpoint, FieldTreatment Treatment, string Note, Action<BodyDraft, FieldValue> Read)
{
    /// <summary>Gets the JSON of the one value that is taken; null where that is not how the field is treated.</summary>
    public string? OnlyValue { get; init; }
}
