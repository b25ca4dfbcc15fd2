namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The names that are set in a template, a loop's turn or a macro's call.</summary>
internal sealed class Scope
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private readonly Scope? _outer;

    /// <summary>Creates a scope; what it does not hold is looked up in <paramref name="outer"/>.</summary>
    public Scope(Scope? outer = null) => _outer = outer;

    /// <summary>Gets a name's value; <see cref="Undefined"/> when it is set nowhere.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope._outer)
        {
            if (scope._values.TryGetValue(name, out var value))
                return value;
        }
        return Undefined.Value;
    }

    /// <summary>Sets a name here, whatever outer scopes hold.</summary>
    public void Set(string name, object? value) => _values[name] = value;
}
