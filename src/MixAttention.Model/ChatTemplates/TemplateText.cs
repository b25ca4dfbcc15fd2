using System.Text;

namespace MixAttention.Model.ChatTemplates;

/// <summary>A stretch of a text that came from a message: [Start, End).</summary>
internal readonly record struct QuotedRange(int Start, int End);

/// <summary>A text that remembers which of its characters came from messages, so that a special token named in one is never taken for the template's.</summary>
/// <remarks>Equality and order look at the characters alone. Whatever a template does to a text is made of <see cref="Slice"/> and concatenation, which keep the ranges right.</remarks>
internal sealed class TemplateText : IEquatable<TemplateText>
{
    private readonly QuotedRange[] _quoted;

    private TemplateText(string value, QuotedRange[] quoted)
    {
        Value = value;
        _quoted = quoted;
    }

    /// <summary>Gets the empty text.</summary>
    public static TemplateText Empty { get; } = new("", []);

    /// <summary>Gets the characters.</summary>
    public string Value { get; }

    /// <summary>Gets the number of UTF-16 units.</summary>
    public int Length => Value.Length;

    /// <summary>Gets the stretches that came from messages, in order.</summary>
    public IReadOnlyList<QuotedRange> Quoted => _quoted;

    /// <summary>Makes a text of the template's own.</summary>
    public static TemplateText Own(string value) => value.Length == 0 ? Empty : new TemplateText(value, []);

    /// <summary>Makes a text that came from a message.</summary>
    public static TemplateText FromMessage(string value) => value.Length == 0 ? Empty : new TemplateText(value, [new QuotedRange(0, value.Length)]);

    /// <summary>Joins texts.</summary>
    public static TemplateText Concat(params ReadOnlySpan<TemplateText> parts)
    {
        var builder = new Builder();
        foreach (var part in parts)
            builder.Append(part);
        return builder.ToText();
    }

    /// <summary>Joins texts with a separator between them.</summary>
    public static TemplateText Join(TemplateText separator, IEnumerable<TemplateText> parts)
    {
        var builder = new Builder();
        bool first = true;
        foreach (var part in parts)
        {
            if (!first)
                builder.Append(separator);
            first = false;
            builder.Append(part);
        }
        return builder.ToText();
    }

    /// <summary>Cuts out the characters from <paramref name="start"/> to before <paramref name="end"/>.</summary>
    public TemplateText Slice(int start, int end)
    {
        if (start == 0 && end == Length)
            return this;
        if (start >= end)
            return Empty;
        var quoted = _quoted
            .Where(r => r.End > start && r.Start < end)
            .Select(r => new QuotedRange(Math.Max(r.Start, start) - start, Math.Min(r.End, end) - start));
        return new TemplateText(Value[start..end], [.. quoted]);
    }

    /// <summary>Puts other characters in the places of these, one for one.</summary>
    public TemplateText WithCharacters(string sameLength)
        => sameLength.Length == Length ? new TemplateText(sameLength, _quoted) : throw new ArgumentException("The lengths differ.", nameof(sameLength));

    /// <summary>Splits the text where a message begins or ends.</summary>
    public IEnumerable<(string Value, bool IsQuoted)> Pieces()
    {
        int at = 0;
        foreach (var range in _quoted)
        {
            if (range.Start > at)
                yield return (Value[at..range.Start], false);
            yield return (Value[range.Start..range.End], true);
            at = range.End;
        }
        if (at < Length)
            yield return (Value[at..], false);
    }

    /// <inheritdoc/>
    public bool Equals(TemplateText? other) => other is not null && Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TemplateText);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Collects a text piece by piece.</summary>
    internal sealed class Builder
    {
        private readonly StringBuilder _value = new();
        private readonly List<QuotedRange> _quoted = [];

        /// <summary>Appends a text.</summary>
        public Builder Append(TemplateText text)
        {
            foreach (var range in text._quoted)
                Quote(_value.Length + range.Start, _value.Length + range.End);
            _value.Append(text.Value);
            return this;
        }

        /// <summary>Appends characters of the template's own, or of a message.</summary>
        public Builder Append(string value, bool isQuoted = false)
        {
            if (isQuoted)
                Quote(_value.Length, _value.Length + value.Length);
            _value.Append(value);
            return this;
        }

        /// <summary>Returns what was collected.</summary>
        public TemplateText ToText() => _value.Length == 0 ? Empty : new TemplateText(_value.ToString(), [.. _quoted]);

        private void Quote(int start, int end)
        {
            if (start == end)
                return;
            if (_quoted is [.., var last] && last.End == start)
                _quoted[^1] = last with { End = end };
            else
                _quoted.Add(new QuotedRange(start, end));
        }
    }
}
