using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the prompt of a completion: a text, an array of token ids, or an array of one of these.</summary>
internal static class PromptReader
{
    private const string Allowed = "Give a text, an array of token ids, or an array of one of these.";

    public static void Read(BodyDraft body, FieldValue prompt)
    {
        var items = prompt.Items().ToList();
        if (prompt.Kind == JsonValueKind.String)
            body.PromptText = prompt.Text();
        else if (items is [{ Kind: JsonValueKind.String } text])
            body.PromptText = text.Text();
        else if (items is [{ Kind: JsonValueKind.Array } ids] && ids.Items().Any())
            body.PromptIds = TokenIds(ids);
        else if (items is [{ Kind: JsonValueKind.Number }, ..])
            body.PromptIds = TokenIds(prompt);
        else if (items is [{ Kind: JsonValueKind.String or JsonValueKind.Array }, _, ..])
            prompt.Refuse("Several prompts give several answers. Write each on a line of its own, with its own custom_id.");
        else
            prompt.Refuse(Allowed);
    }

    /// <summary>Reads an array of token ids; whether the model has them is the engine's to say.</summary>
    public static int[] TokenIds(FieldValue ids)
    {
        if (ids.Kind != JsonValueKind.Array)
            ids.Refuse("Give an array of token ids.");
        return [.. ids.Items().Select(id => id.Integer(0, int.MaxValue, "Give a token id."))];
    }
}
