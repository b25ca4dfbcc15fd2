using System.Globalization;
using System.Text;

namespace MixAttention.Batch;

/// <summary>Makes names of files safe to show: a control character could move the cursor or forge a line.</summary>
public static class Printable
{
    /// <summary>Writes control characters as their codes.</summary>
    public static string Of(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        var safe = new StringBuilder();
        foreach (char c in text)
            safe.Append(char.IsControl(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString());
        return safe.ToString();
    }
}
