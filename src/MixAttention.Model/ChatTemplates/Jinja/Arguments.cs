namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The values given to a function, filter or test.</summary>
/// <param name="Callee">The name in messages.</param>
internal sealed record Arguments(string Callee, IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Gets an argument by its position or name; <see cref="Undefined"/> when it was not given.</summary>
    public object? Get(int index, string name)
        => index < Positional.Count ? Positional[index] : Named.TryGetValue(name, out var value) ? value : Undefined.Value;

    /// <summary>Gets an argument that must be a string.</summary>
    public TemplateText Text(int index, string name) => Get(index, name) as TemplateText ?? throw Wrong(name, "a string", Get(index, name));

    /// <summary>Gets an argument that must be a string where given.</summary>
    public TemplateText? OptionalText(int index, string name) => Get(index, name) is null or Undefined ? null : Text(index, name);

    /// <summary>Gets an argument that must be a whole number where given.</summary>
    public long? OptionalInteger(int index, string name) => Get(index, name) switch
    {
        null or Undefined => null,
        long n => n,
        var other => throw Wrong(name, "a whole number", other),
    };

    /// <summary>Gets a switch that is off unless given.</summary>
    public bool Flag(int index, string name) => Values.IsTrue(Get(index, name));

    private JinjaException Wrong(string name, string wanted, object? found)
        => new($"argument '{name}' of {Callee} is {Values.Describe(found)} where {wanted} is needed");
}
