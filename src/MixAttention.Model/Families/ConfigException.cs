namespace MixAttention.Model.Families;

/// <summary>Reports everything in a model's configuration that is wrong or not supported.</summary>
public sealed class ConfigException : Exception
{
    /// <summary>Creates the exception from all problems found.</summary>
    public ConfigException(IReadOnlyList<string> problems) : base($"config.json cannot be used: {string.Join(" ", problems)}") => Problems = problems;

    /// <summary>Gets the problems: JSON path, value found, values allowed and what to do next.</summary>
    public IReadOnlyList<string> Problems { get; }
}
