using System.Buffers;
using System.Text;

namespace MixAttention.Model.Tokenization;

/// <summary>Finds the texts of special tokens in text that may name them, such as a chat template's, and writes sentinels in their place.</summary>
internal sealed class SpecialTokenText
{
    private readonly SearchValues<string> _texts;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;
    private readonly int[] _lengths;

    /// <summary>Prepares the search.</summary>
    public SpecialTokenText(IReadOnlyDictionary<string, int> specialTokens)
    {
        _ids = new Dictionary<string, int>(specialTokens, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _texts = SearchValues.Create([.. specialTokens.Keys], StringComparison.Ordinal);
        _lengths = [.. specialTokens.Keys.Select(k => k.Length).Distinct().OrderDescending()];
    }

    /// <summary>Appends a text; the leftmost special token is taken first, and of those that begin there the longest, as tokenizers do.</summary>
    public void AppendWithSentinels(StringBuilder output, ReadOnlySpan<char> text)
    {
        while (text.IndexOfAny(_texts) is var at and >= 0)
        {
            output.Append(text[..at]);
            text = text[at..];
            foreach (int length in _lengths)
            {
                if (length > text.Length || !_ids.TryGetValue(text[..length], out int id))
                    continue;
                output.Append(Tokenizer.Sentinel(id));
                text = text[length..];
                break;
            }
        }
        output.Append(text);
    }
}
