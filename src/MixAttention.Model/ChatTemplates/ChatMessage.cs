namespace MixAttention.Model.ChatTemplates;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, or what else the template knows.</param>
/// <param name="Content">Any text; special tokens named in it stay text.</param>
public sealed record ChatMessage(string Role, string Content);
