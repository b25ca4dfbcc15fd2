using System.CommandLine;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say when a job, or a request of it, is given up. They hold from the job's submission to its end.</summary>
internal sealed class LimitFlags
{
    private static readonly JobLimits Defaults = new();

    private readonly Option<int> _maxAttempts = Parsing.Integer("--max-attempts", "Crashes of its worker, while it ran alone, after which a request is given up.", Defaults.MaxAttempts, 1);
    private readonly Option<double> _maxErrorRatio = Parsing.Number("--max-error-ratio", "Share of failed requests above which the rest is not run; 1 runs all.", 1, 0, 1);
    private readonly Option<Deadline?> _deadline = new("--deadline")
    {
        Description = "When requests that have not run are given up: a span from now, such as 12h, or a time; never unless given.",
        HelpName = "WHEN",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (TimeParser.TryParseSpan(text, out var span))
                return new Deadline(null, span);
            if (TimeParser.TryParseTime(text, out var time))
                return new Deadline(time, default);
            result.AddError($"--deadline is '{text}'. Give a span such as 90m, 12h or 7d, or a time such as 2026-01-31T12:00:00Z.");
            return null;
        },
    };

    public void AddTo(Command command)
    {
        Option[] options = [_maxAttempts, _maxErrorRatio, _deadline];
        foreach (var option in options)
            command.Add(option);
    }

    public JobLimits Read(ParseResult result, DateTimeOffset now) => new()
    {
        MaxAttempts = result.GetValue(_maxAttempts),
        MaxErrorRatio = result.GetValue(_maxErrorRatio) is < 1 and var ratio ? ratio : null,
        Deadline = result.GetValue(_deadline) is { } deadline ? deadline.Time ?? now + deadline.Span : null,
    };

    private sealed record Deadline(DateTimeOffset? Time, TimeSpan Span);
}
