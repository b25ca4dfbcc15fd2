namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Tells what whitespace is: ECMAScript's set, by which the reference renderer trims.</summary>
internal static class Whitespace
{
    private const char NextLine = '\u0085';
    private const char ByteOrderMark = '\uFEFF';

    /// <summary>Tells whether a character is whitespace.</summary>
    public static bool Is(char c) => c == ByteOrderMark || (c != NextLine && char.IsWhiteSpace(c));
}
