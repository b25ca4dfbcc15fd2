using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>A part of a template that has a value.</summary>
internal abstract record Expression
{
    /// <summary>Computes the value.</summary>
    public object? Evaluate(Scope scope)
    {
        // A template decides how deep this goes: by nesting, by long chains of operators, by macros that call themselves.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return Compute(scope);
    }

    /// <summary>Computes the value of this kind of expression.</summary>
    protected abstract object? Compute(Scope scope);
}

/// <summary>A constant.</summary>
internal sealed record Literal(object? Value) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => Value;
}

/// <summary>A name.</summary>
internal sealed record Name(string Text) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => scope.Get(Text);
}

/// <summary><c>[a, b]</c> or <c>(a, b)</c></summary>
internal sealed record ListLiteral(IReadOnlyList<Expression> Items) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => Items.Select(i => i.Evaluate(scope)).ToList();
}

/// <summary><c>{'key': value}</c></summary>
internal sealed record MapLiteral(IReadOnlyList<(Expression Key, Expression Value)> Entries) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
    {
        var map = new OrderedDictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in Entries)
        {
            var name = key.Evaluate(scope) as TemplateText ?? throw new JinjaException($"the key of a mapping is {Values.Describe(key.Evaluate(scope))} where a string is needed");
            map[name.Value] = value.Evaluate(scope);
        }
        return map;
    }
}

/// <summary><c>owner.name</c></summary>
internal sealed record Member(Expression Owner, string Name) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => Members.Get(Owner.Evaluate(scope), Name);
}

/// <summary><c>owner[index]</c></summary>
internal sealed record Index(Expression Owner, Expression At) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => Members.At(Owner.Evaluate(scope), At.Evaluate(scope));
}

/// <summary><c>owner[start:stop:step]</c></summary>
internal sealed record Slice(Expression Owner, Expression? Start, Expression? Stop, Expression? Step) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
    {
        var owner = Owner.Evaluate(scope);
        long? start = Bound(Start, scope), stop = Bound(Stop, scope), step = Bound(Step, scope);
        return owner switch
        {
            TemplateText text => TemplateText.Join(TemplateText.Empty, Take(Values.Characters(text), start, stop, step)),
            IReadOnlyList<object?> list => Take(list, start, stop, step),
            _ => throw new JinjaException($"{Values.Describe(owner)} cannot be sliced"),
        };
    }

    private static long? Bound(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null or Undefined => null,
        long n => n,
        var other => throw new JinjaException($"the bound of a slice is {Values.Describe(other)} where a whole number is needed"),
    };

    private static List<T> Take<T>(IReadOnlyList<T> items, long? start, long? stop, long? step)
    {
        long by = step ?? 1;
        if (by == 0)
            throw new JinjaException("the step of a slice is 0");
        // Python's rule: negative bounds count from the end, and what lies outside is cut off.
        long low = by > 0 ? 0 : -1, high = by > 0 ? items.Count : items.Count - 1;
        long from = Place(start, by > 0 ? low : high), to = Place(stop, by > 0 ? high : low);
        var taken = new List<T>();
        for (long i = from; by > 0 ? i < to : i > to; i += by)
            taken.Add(items[(int)i]);
        return taken;

        long Place(long? bound, long missing) => bound is { } b ? Math.Clamp(b < 0 ? b + items.Count : b, low, high) : missing;
    }
}

/// <summary><c>callee(arguments)</c></summary>
internal sealed record Call(Expression Callee, ArgumentList Given) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
    {
        string name = Callee switch
        {
            Name n => $"{n.Text}()",
            Member m => $"{m.Name}()",
            _ => "the called value",
        };
        var function = Callee.Evaluate(scope) as Function
            ?? throw new JinjaException($"{name} is not supported, or is no function");
        return function(Given.Evaluate(name, scope));
    }
}

/// <summary><c>value | name(arguments)</c></summary>
internal sealed record FilterCall(Expression Value, string Filter, ArgumentList Given) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
        => Filters.Apply(Filter, Value.Evaluate(scope), Given.Evaluate($"the filter '{Filter}'", scope));
}

/// <summary><c>value is name(arguments)</c></summary>
internal sealed record TestCall(Expression Value, string Test, ArgumentList Given) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
        => Predicates.Apply(Test, Value.Evaluate(scope), Given.Evaluate($"the test '{Test}'", scope));
}

/// <summary><c>not value</c></summary>
internal sealed record Not(Expression Value) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => !Values.IsTrue(Value.Evaluate(scope));
}

/// <summary><c>a and b</c>, <c>a or b</c>: the operand that decides is the value.</summary>
internal sealed record Logical(Expression Left, bool IsAnd, Expression Right) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope)
    {
        var left = Left.Evaluate(scope);
        return Values.IsTrue(left) == IsAnd ? Right.Evaluate(scope) : left;
    }
}

/// <summary>An operator between two values, or before one (<c>-a</c> is <c>0 - a</c>).</summary>
internal sealed record Binary(Expression Left, string Operator, Expression Right) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => Operators.Apply(Left.Evaluate(scope), Operator, Right.Evaluate(scope));
}

/// <summary><c>a if condition else b</c></summary>
internal sealed record Conditional(Expression Condition, Expression Then, Expression Else) : Expression
{
    /// <inheritdoc/>
    protected override object? Compute(Scope scope) => (Values.IsTrue(Condition.Evaluate(scope)) ? Then : Else).Evaluate(scope);
}

/// <summary>Arguments as they are written.</summary>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    /// <summary>Gets the list of a call without arguments.</summary>
    public static ArgumentList None { get; } = new([], []);

    /// <summary>Computes the arguments.</summary>
    public Arguments Evaluate(string callee, Scope scope)
        => new(callee, [.. Positional.Select(p => p.Evaluate(scope))], Named.ToDictionary(n => n.Name, n => n.Value.Evaluate(scope), StringComparer.Ordinal));
}
