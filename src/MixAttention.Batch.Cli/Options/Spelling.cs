using System.CommandLine;

namespace MixAttention.Batch.Cli.Options;

/// <summary>Guesses what a misspelt option or command was to be.</summary>
internal static class Spelling
{
    private const int MostDifferences = 2;

    /// <summary>Finds the name closest to a word.</summary>
    /// <returns>A question that names it; null when none is close.</returns>
    public static string? Hint(string word, Command command)
    {
        string given = word.Split('=')[0];
        var names = command.Options.Select(o => o.Name).Concat(command.Subcommands.Select(c => c.Name));
        var nearest = names.Select(name => (Name: name, Differences: Distance(given, name))).OrderBy(n => n.Differences).FirstOrDefault();
        return nearest.Name is { } found && nearest.Differences <= Math.Min(MostDifferences, found.Length / 2) ? $"Did you mean {found}?" : null;
    }

    /// <summary>Counts the letters to replace, add and leave out (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 0; i < a.Length; i++)
        {
            int diagonal = row[0]++;
            for (int j = 0; j < b.Length; j++)
                (diagonal, row[j + 1]) = (row[j + 1], Math.Min(Math.Min(row[j], row[j + 1]) + 1, diagonal + (a[i] == b[j] ? 0 : 1)));
        }

        return row[^1];
    }
}
