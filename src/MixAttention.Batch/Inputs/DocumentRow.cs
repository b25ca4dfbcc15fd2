namespace MixAttention.Batch.Inputs;

/// <summary>Names the two fields that every line of a .jsonl file of documents has.</summary>
/// <param name="Id">The id's field.</param>
/// <param name="Text">The text's field.</param>
public sealed record DocumentFields(string Id = "id", string Text = "text");

/// <summary>A document that is a line of a .jsonl file.</summary>
/// <param name="Id">Its name in results.</param>
/// <param name="Text">Its text, which is not blank.</param>
/// <param name="Metadata">Its other texts and numbers, by name; numbers as written. A template names them as <c>{{name}}</c>.</param>
public sealed record DocumentRow(string Id, string Text, IReadOnlyDictionary<string, string> Metadata);
