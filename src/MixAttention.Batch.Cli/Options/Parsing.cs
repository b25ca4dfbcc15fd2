using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace MixAttention.Batch.Cli.Options;

/// <summary>Makes options that say what they found and what they allow.</summary>
internal static class Parsing
{
    /// <summary>Makes an option of a whole number in a range.</summary>
    public static Option<int> Integer(string name, string description, int defaultValue, int least, int most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result => ParseInteger(result, least, most) ?? defaultValue,
    };

    /// <summary>Makes an option of a whole number in a range that may be left out.</summary>
    public static Option<int?> OptionalInteger(string name, string description, int least, int most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => ParseInteger(result, least, most),
    };

    /// <summary>Makes an option of a whole number that may be negative and large.</summary>
    public static Option<long> Long(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => 0,
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
                return value;
            result.AddError($"{name} is '{result.Tokens[0].Value}'. Give a whole number.");
            return 0;
        },
    };

    /// <summary>Makes an option of one of several words, in any case.</summary>
    public static Option<string?> OneOf(string name, string description, string? defaultValue, string helpName, params IReadOnlyList<string> words)
    {
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = helpName,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (words.FirstOrDefault(w => w.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } word)
                    return word;
                result.AddError($"{name} is '{text}'. Give one of {string.Join(", ", words)}.");
                return null;
            },
        };
        option.CompletionSources.Add([.. words]);
        return option;
    }

    /// <summary>Makes an option of a finite number in a range.</summary>
    public static Option<double> Number(string name, string description, double defaultValue, double least, double most, bool excludeLeast = false) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= least && value <= most && !(excludeLeast && value == least))
                return value;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}'. Give a number {(excludeLeast ? "above" : "from")} {least}{(double.IsFinite(most) ? $" to {most}" : excludeLeast ? "" : " up")}."));
            return defaultValue;
        },
    };

    /// <summary>Makes an option of a size in bytes that may be left out.</summary>
    public static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (ByteSizeParser.TryParse(text, out long bytes))
                return bytes;
            result.AddError($"{name} is '{text}'. Give a size such as 4GiB, 512MB or 56.9GB.");
            return null;
        },
    };

    /// <summary>Makes an option of a span of time that may be left out.</summary>
    public static Option<TimeSpan?> Span(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SPAN",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TimeParser.TryParseSpan(text, out var span))
                return span;
            result.AddError($"{name} is '{text}'. Give a number and a unit, such as 90s, 30m, 12h or 7d.");
            return null;
        },
    };

    /// <summary>Makes an option that may be given several times.</summary>
    public static Option<string[]> Many(string name, string description, string helpName) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
    };

    private static int? ParseInteger(ArgumentResult result, int least, int most)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most)
            return value;
        string range = most == int.MaxValue ? $"{least} or more" : $"{least} to {most}";
        result.AddError($"{OptionName(result)} is '{text}'. Give a whole number, {range}.");
        return null;
    }

    private static string OptionName(ArgumentResult result) => result.Parent is OptionResult option ? option.Option.Name : result.Argument.Name;
}
