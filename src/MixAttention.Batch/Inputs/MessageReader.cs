using System.Text.Json;
using MixAttention.Model.ChatTemplates;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the conversation of a chat.</summary>
internal static class MessageReader
{
    private const string TextOnly = "Only text is read, and nothing is fetched; put what it says into a text.";

    public static List<ChatMessage> Read(FieldValue messages)
    {
        if (messages.Items().Any())
            return [.. messages.Items().Select(ReadMessage)];
        messages.Refuse("Give an array of at least one message.");
        return [];
    }

    private static ChatMessage ReadMessage(FieldValue message)
    {
        string? role = null, content = null;
        if (message.Kind != JsonValueKind.Object)
            message.Refuse("""Give an object such as {"role":"user","content":"..."}.""");
        foreach (var (name, value) in message.Properties())
        {
            bool isEmpty = value.Kind == JsonValueKind.Null || (value.Kind == JsonValueKind.Array && !value.Items().Any());
            if (name == "role")
                role = ReadRole(value);
            else if (name == "content")
                content = ReadContent(value);
            else if (name is "tool_calls" or "tool_call_id" or "function_call" or "audio" or "refusal" or "reasoning" or "reasoning_content" && !isEmpty)
                value.Refuse("Only a message's text is read. Put what it says into content.");
            else if (!isEmpty && name != "name")
                value.Refuse("The field is unknown. Remove it.");
        }

        if (message.Kind == JsonValueKind.Object && (role is null || content is null))
            message.Refuse($"Its {(role is null ? "role" : "content")} is missing. Give both.");
        return new ChatMessage(role ?? "", content ?? "");
    }

    /// <summary>Reads who speaks. OpenAI's newer word for system is developer, which chat templates do not know.</summary>
    private static string ReadRole(FieldValue role)
    {
        string text = role.Kind == JsonValueKind.String ? role.Text() : "";
        if (text is "tool" or "function")
            role.Refuse("Tools are not called; put what they said into a user's message.");
        else if (text is not ("system" or "developer" or "user" or "assistant"))
            role.Refuse("Give system, developer, user or assistant.");
        return text == "developer" ? "system" : text;
    }

    /// <summary>Reads a text, or parts of text, which are joined by line ends as in vLLM.</summary>
    private static string ReadContent(FieldValue content)
    {
        if (content.Kind != JsonValueKind.Array)
            return content.Text("Give a text or an array of text parts.");
        if (!content.Items().Any())
            content.Refuse("Give at least one part.");
        return string.Join('\n', content.Items().Select(ReadPart));
    }

    private static string ReadPart(FieldValue part)
    {
        var fields = part.Properties().ToDictionary(p => p.Name, p => p.Value);
        if (!fields.TryGetValue("type", out var type) || !type.Is("text"))
            part.Refuse(TextOnly);
        else if (fields.Keys.FirstOrDefault(name => name is not ("type" or "text")) is { } unknown)
            fields[unknown].Refuse("The field is unknown. Remove it.");
        else if (fields.TryGetValue("text", out var text))
            return text.Text();
        else
            part.Refuse("Its text is missing.");
        return "";
    }
}
