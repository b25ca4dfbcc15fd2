using System.CommandLine;

namespace MixAttention.Batch.Cli.Options;

/// <summary>A command whose options are also checked against each other.</summary>
/// <remarks>The library's own validators of commands hide what is wrong with single options; these do not, so that all problems come at once.</remarks>
internal sealed class CheckedCommand(string name, string description) : Command(name, description)
{
    /// <summary>Gets the checks; each gives a problem or null. They may ask which options were given, not for the values of options that are wrong.</summary>
    public List<Func<ParseResult, string?>> Checks { get; } = [];

    /// <summary>Tells whether an option was given on the command line.</summary>
    public static bool IsGiven(ParseResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
