using System.Globalization;
using System.Text;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The functions that every chat template may call.</summary>
internal static class Globals
{
    // Jinja's own limit in its sandbox.
    private const int LongestRange = 100_000;

    /// <summary>Creates the outermost scope.</summary>
    /// <param name="time">What <c>strftime_now</c> reads.</param>
    public static Scope Create(TimeProvider time)
    {
        var scope = new Scope();
        scope.Set("range", (Function)Range);
        scope.Set("namespace", (Function)CreateNamespace);
        scope.Set("raise_exception", (Function)(a => throw new JinjaException($"the template refuses the messages: {a.Text(0, "message")}")));
        scope.Set("strftime_now", (Function)(a => TemplateText.Own(FormatTime(time.GetLocalNow(), a.Text(0, "format").Value))));
        return scope;
    }

    private static List<object?> Range(Arguments given)
    {
        long? first = given.OptionalInteger(0, "start"), second = given.OptionalInteger(1, "stop");
        long start = second is null ? 0 : first ?? 0, stop = second ?? first ?? 0, step = given.OptionalInteger(2, "step") ?? 1;
        if (step == 0)
            throw new JinjaException("the step of range() is 0");
        var numbers = new List<object?>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (numbers.Count == LongestRange)
                throw new JinjaException($"range() makes more than {LongestRange} numbers");
            numbers.Add(i);
        }
        return numbers;
    }

    private static Namespace CreateNamespace(Arguments given)
    {
        var space = new Namespace();
        if (given.Get(0, "") is OrderedDictionary<string, object?> map)
        {
            foreach (var (name, value) in map)
                space.Attributes[name] = value;
        }
        foreach (var (name, value) in given.Named)
            space.Attributes[name] = value;
        return space;
    }

    private static string FormatTime(DateTimeOffset time, string format)
    {
        var output = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                output.Append(format[i]);
                continue;
            }
            string? part = format[++i] switch
            {
                'Y' => "yyyy",
                'm' => "MM",
                'd' => "dd",
                'b' => "MMM",
                'B' => "MMMM",
                'a' => "ddd",
                'A' => "dddd",
                'H' => "HH",
                'M' => "mm",
                'S' => "ss",
                '%' => null,
                var other => throw new JinjaException($"'%{other}' in strftime_now() is not supported"),
            };
            output.Append(part is null ? "%" : time.ToString(part, CultureInfo.InvariantCulture));
        }
        return output.ToString();
    }
}
