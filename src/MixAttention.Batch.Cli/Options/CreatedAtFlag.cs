using System.CommandLine;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The option that fixes the one time in results: --created-at, else SOURCE_DATE_EPOCH.</summary>
internal sealed class CreatedAtFlag
{
    private const string Variable = "SOURCE_DATE_EPOCH";

    private readonly Option<DateTimeOffset?> _option = new("--created-at")
    {
        Description = $"The time in results, as ISO 8601 or seconds since 1970, so that runs can be compared byte by byte; {Variable} or the start of the run unless given.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (TimeParser.TryParseTime(result.Tokens[0].Value, out var time))
                return time;
            result.AddError($"--created-at is '{result.Tokens[0].Value}'. Give a time such as 2026-01-31T12:00:00Z, or seconds since 1970.");
            return null;
        },
    };

    public void AddTo(Command command) => command.Add(_option);

    /// <summary>Reads the time.</summary>
    /// <returns>Null when neither says anything.</returns>
    public DateTimeOffset? Read(ParseResult result, CliHost host)
    {
        if (result.GetValue(_option) is { } time)
            return time;
        if (host.ReadVariable(Variable) is not { Length: > 0 } text)
            return null;
        if (!TimeParser.TryParseTime(text, out var fixedTime))
            throw BatchException.Usage($"{Variable} is '{text}'. Set it to seconds since 1970, or unset it.");
        return fixedTime;
    }
}
