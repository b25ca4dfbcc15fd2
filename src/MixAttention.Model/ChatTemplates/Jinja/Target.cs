namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>What a loop or <c>set</c> assigns to: a name, several names, or an attribute of a namespace.</summary>
/// <param name="Names">One name, or several that take a list's items.</param>
/// <param name="Attribute">The attribute of the namespace that the one name holds; null for the name itself.</param>
internal sealed record Target(IReadOnlyList<string> Names, string? Attribute = null)
{
    /// <summary>Assigns a value.</summary>
    public void Set(Scope scope, object? value)
    {
        if (Attribute is not null)
        {
            var space = scope.Get(Names[0]) as Namespace
                ?? throw new JinjaException($"'{Names[0]}.{Attribute}' cannot be set: '{Names[0]}' is {Values.Describe(scope.Get(Names[0]))}, not a namespace");
            space.Attributes[Attribute] = value;
            return;
        }
        if (Names.Count == 1)
        {
            scope.Set(Names[0], value);
            return;
        }
        var items = Values.Items(value);
        if (items.Count != Names.Count)
            throw new JinjaException($"{items.Count} values cannot be given to the {Names.Count} names {string.Join(", ", Names)}");
        for (int i = 0; i < items.Count; i++)
            scope.Set(Names[i], items[i]);
    }
}
