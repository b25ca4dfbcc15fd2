using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>What the loop around a statement does next.</summary>
internal enum Flow
{
    /// <summary>Goes on.</summary>
    Next,

    /// <summary>Leaves the loop.</summary>
    Break,

    /// <summary>Takes the loop's next turn.</summary>
    Continue,
}

/// <summary>A part of a template that writes output or sets names.</summary>
/// <param name="Line">From 1.</param>
internal abstract record Statement(int Line)
{
    /// <summary>Runs the statement.</summary>
    public abstract Flow Render(Scope scope, TemplateText.Builder output);
}

/// <summary>Statements in a row.</summary>
internal sealed record Body(IReadOnlyList<Statement> Statements)
{
    /// <summary>Runs them until one leaves the loop or its turn.</summary>
    public Flow Render(Scope scope, TemplateText.Builder output)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var statement in Statements)
        {
            try
            {
                if (statement.Render(scope, output) is var flow and not Flow.Next)
                    return flow;
            }
            catch (JinjaException e) when (e.Line == 0)
            {
                throw new JinjaException(e.Message, statement.Line);
            }
        }
        return Flow.Next;
    }

    /// <summary>Runs them into a text of their own.</summary>
    public TemplateText RenderText(Scope scope)
    {
        var output = new TemplateText.Builder();
        Render(scope, output);
        return output.ToText();
    }
}

/// <summary>Text between tags.</summary>
internal sealed record TextStatement(int Line, TemplateText Text) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        output.Append(Text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c></summary>
internal sealed record OutputStatement(int Line, Expression Value) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        output.Append(Values.ToText(Value.Evaluate(scope)));
        return Flow.Next;
    }
}

/// <summary><c>{% if %}</c>; a chain of <c>elif</c> nests in <paramref name="Else"/>.</summary>
internal sealed record IfStatement(int Line, Expression Condition, Body Then, Body Else) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output) => (Values.IsTrue(Condition.Evaluate(scope)) ? Then : Else).Render(scope, output);
}

/// <summary><c>{% for %}</c></summary>
/// <param name="Filter">The condition after <c>if</c>; null for none.</param>
internal sealed record ForStatement(int Line, Target Target, Expression Items, Expression? Filter, Body Turn, Body Else) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        var items = Values.Items(Items.Evaluate(scope));
        if (Filter is not null)
            items = [.. items.Where(item => Values.IsTrue(Filter.Evaluate(TurnScope(scope, item))))];
        for (int i = 0; i < items.Count; i++)
        {
            var turn = TurnScope(scope, items[i]);
            turn.Set("loop", Loop(items, i));
            if (Turn.Render(turn, output) == Flow.Break)
                return Flow.Next;
        }
        return items.Count > 0 ? Flow.Next : Else.Render(scope, output);
    }

    private Scope TurnScope(Scope scope, object? item)
    {
        var turn = new Scope(scope);
        Target.Set(turn, item);
        return turn;
    }

    private static OrderedDictionary<string, object?> Loop(IReadOnlyList<object?> items, int i) => new(StringComparer.Ordinal)
    {
        ["index"] = i + 1L,
        ["index0"] = (long)i,
        ["revindex"] = (long)items.Count - i,
        ["revindex0"] = items.Count - i - 1L,
        ["first"] = i == 0,
        ["last"] = i == items.Count - 1,
        ["length"] = (long)items.Count,
        ["previtem"] = i > 0 ? items[i - 1] : Undefined.Value,
        ["nextitem"] = i + 1 < items.Count ? items[i + 1] : Undefined.Value,
    };
}

/// <summary><c>{% set target = value %}</c></summary>
internal sealed record SetStatement(int Line, Target Target, Expression Value) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        Target.Set(scope, Value.Evaluate(scope));
        return Flow.Next;
    }
}

/// <summary><c>{% set target %}…{% endset %}</c></summary>
internal sealed record SetBlockStatement(int Line, Target Target, Body Value) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        Target.Set(scope, Value.RenderText(scope));
        return Flow.Next;
    }
}

/// <summary><c>{% generation %}</c>, which marks what training learns from and means nothing here.</summary>
internal sealed record GenerationStatement(int Line, Body Content) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output) => Content.Render(scope, output);
}

/// <summary><c>{% break %}</c> and <c>{% continue %}</c></summary>
internal sealed record FlowStatement(int Line, Flow Flow) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output) => Flow;
}

/// <summary><c>{% macro name(parameters) %}</c></summary>
internal sealed record MacroStatement(int Line, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Body Content) : Statement(Line)
{
    /// <inheritdoc/>
    public override Flow Render(Scope scope, TemplateText.Builder output)
    {
        scope.Set(Name, (Function)(given => Call(scope, given)));
        return Flow.Next;
    }

    private TemplateText Call(Scope outer, Arguments given)
    {
        if (given.Positional.Count > Parameters.Count || given.Named.Keys.FirstOrDefault(n => Parameters.All(p => p.Name != n)) is not null)
            throw new JinjaException($"the macro '{Name}' takes ({string.Join(", ", Parameters.Select(p => p.Name))}) and is given other arguments");
        var scope = new Scope(outer);
        for (int i = 0; i < Parameters.Count; i++)
        {
            var (name, missing) = Parameters[i];
            var value = given.Get(i, name);
            scope.Set(name, value is Undefined && missing is not null ? missing.Evaluate(scope) : value);
        }
        return Content.RenderText(scope);
    }
}
