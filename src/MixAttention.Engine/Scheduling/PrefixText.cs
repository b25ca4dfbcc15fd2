using System.Runtime.InteropServices;

namespace MixAttention.Engine.Scheduling;

/// <summary>The tokens before a prompt's fork and how they are run; equal where one computation serves both prompts.</summary>
/// <param name="TokenIds">Compared by content.</param>
/// <param name="IsTrimmed">Whether only those positions run that prompts behind the prefix can read.</param>
internal readonly record struct PrefixText(ReadOnlyMemory<int> TokenIds, bool IsTrimmed)
{
    /// <inheritdoc />
    public bool Equals(PrefixText other) => IsTrimmed == other.IsTrimmed && TokenIds.Span.SequenceEqual(other.TokenIds.Span);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(IsTrimmed);
        hash.AddBytes(MemoryMarshal.AsBytes(TokenIds.Span));
        return hash.ToHashCode();
    }
}
