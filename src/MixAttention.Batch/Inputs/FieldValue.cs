using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>A value of a request with its path. A reading that fails notes why and gives a value that is not used: a request with problems does not run.</summary>
/// <param name="path">Names the value in messages, such as <c>body.messages[0].role</c>; empty for the line itself.</param>
/// <param name="element">The value.</param>
/// <param name="problems">Takes what is wrong.</param>
internal readonly struct FieldValue(string path, JsonElement element, List<string> problems)
{
    public JsonElement Element => element;

    public JsonValueKind Kind => element.ValueKind;

    /// <summary>Lists the values of an object by their names; a value that is no object has none.</summary>
    public IEnumerable<(string Name, FieldValue Value)> Properties()
    {
        var (owner, collected) = (path.Length > 0 ? path + "." : "", problems);
        return Kind == JsonValueKind.Object ? element.EnumerateObject().Select(p => (p.Name, new FieldValue(owner + StrictJson.Excerpt(p.Name), p.Value, collected))) : [];
    }

    /// <summary>Lists the values of an array; a value that is no array has none.</summary>
    public IEnumerable<FieldValue> Items()
    {
        var (owner, collected) = (path, problems);
        return Kind == JsonValueKind.Array ? element.EnumerateArray().Select((item, i) => new FieldValue($"{owner}[{i}]", item, collected)) : [];
    }

    /// <summary>Tells whether the value is this text.</summary>
    public bool Is(string text) => Kind == JsonValueKind.String && element.ValueEquals(text);

    public string Text(string cure = "Give a text.")
    {
        if (Kind == JsonValueKind.String)
            return element.GetString()!; // A string has a text.
        Refuse(cure);
        return "";
    }

    public bool Boolean()
    {
        if (Kind is not (JsonValueKind.True or JsonValueKind.False))
            Refuse("Give true or false.");
        return Kind == JsonValueKind.True;
    }

    public int Integer(long least, long most, string cure) => (int)Long(least, most, cure);

    public long Long(long least, long most, string cure)
    {
        if (Kind == JsonValueKind.Number && element.TryGetInt64(out long value) && value >= least && value <= most)
            return value;
        Refuse(cure);
        return 0;
    }

    public double Number(Func<double, bool> isAllowed, string cure)
    {
        if (Kind == JsonValueKind.Number && element.TryGetDouble(out double value) && double.IsFinite(value) && isAllowed(value))
            return value;
        Refuse(cure);
        return 0;
    }

    /// <summary>Notes that the value is not taken, and what to do.</summary>
    public void Refuse(string cure) => problems.Add($"{path} is {StrictJson.Excerpt(element)}. {cure}");
}
