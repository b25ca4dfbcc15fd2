namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Reports a fault of a template, in words that fit after the template's name and line.</summary>
internal sealed class JinjaException : Exception
{
    /// <summary>Creates the exception where the line is known.</summary>
    public JinjaException(string message, int line)
        : base(message) => Line = line;

    /// <summary>Creates the exception; the statement that is being rendered adds its line.</summary>
    public JinjaException(string message)
        : base(message)
    {
    }

    /// <summary>Gets the line, from 1; 0 when it is not known yet.</summary>
    public int Line { get; }
}
