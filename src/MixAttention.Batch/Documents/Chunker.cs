namespace MixAttention.Batch.Documents;

/// <summary>Cuts a text into chunks that a model can read one by one.</summary>
/// <remarks>
/// A chunk ends where a section, a paragraph, a sentence, a line or a word ends, the first of these that leaves it well filled; inside a word only where the word alone is
/// too long, and inside a character as readers see it only where the character alone is. All chunks together are the whole text: no character is lost. Equal texts, limits and
/// counts give equal chunks. Time is linear in the text's length if counting is linear in the length of what is counted, of which no call sees more than a chunk.
/// </remarks>
public static class Chunker
{
    /// <summary>Counts the rules by which texts were cut so far; part of every chunk's id.</summary>
    public const int Version = 1;

    /// <summary>The smallest budget taken, in tokens: any code point fits.</summary>
    public const int MinTokens = 16;

    /// <summary>The largest overlap taken, as a share of the budget.</summary>
    public const double MaxOverlap = 0.1;

    // How full a chunk must be at least for a cut at each end of TextEnd. An end inside a character is no choice of its own.
    private static readonly (TextEnd Kind, double Fill)[] Preferences =
        [(TextEnd.Section, 0.5), (TextEnd.Paragraph, 0.6), (TextEnd.Sentence, 0.75), (TextEnd.Line, 0.8), (TextEnd.Word, 0.5), (TextEnd.Character, 0)];

    /// <summary>Cuts a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="maxTokens">The most tokens of a chunk, at least <see cref="MinTokens"/>.</param>
    /// <param name="countTokens">Counts the tokens of a text, such as with the model's tokenizer; at most one token per byte of UTF-8.</param>
    /// <param name="overlap">How much of a chunk's budget repeats the end of the chunk before it, from 0 to <see cref="MaxOverlap"/>; 0 unless given.</param>
    /// <returns>Chunks in order of the text, none for an empty one; each begins where the one before it ends or, with overlap, before that.</returns>
    public static IReadOnlyList<Chunk> Cut(string text, int maxTokens, Func<string, int> countTokens, double overlap = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(countTokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, MinTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(overlap);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(overlap, MaxOverlap);

        // Small pieces fill chunks well, and leave a choice of where to end.
        var pieces = TextPieces.Cut(text, Math.Max(MinTokens, maxTokens / 8), countTokens);
        var tokensBefore = new long[pieces.Count + 1];
        for (int i = 0; i < pieces.Count; i++)
            tokensBefore[i + 1] = tokensBefore[i] + pieces[i].Tokens;

        var chunks = new List<Chunk>();
        int first = 0; // Pieces first..last become a chunk; those before done are in chunks already.
        for (int done = 0; done < pieces.Count;)
        {
            int last = FindLast(first, done);
            if (last == done) // The overlap leaves no room for anything new.
            {
                first = done;
                last = FindLast(first, done);
            }

            chunks.Add(new Chunk(StartOf(first), pieces[last - 1].End));
            (first, done) = (FirstOfOverlap(first, last), last);
        }

        return chunks;

        int StartOf(int piece) => piece == 0 ? 0 : pieces[piece - 1].End;

        // The chunk's own count is what matters: the sum of its pieces' counts is mostly more, but may be less.
        int FindLast(int from, int covered)
        {
            long budget = maxTokens;
            while (true)
            {
                int last = Choose(from, covered, budget);
                int excess = last <= covered || last == from + 1 ? 0 : countTokens(text[StartOf(from)..pieces[last - 1].End]) - maxTokens;
                if (excess <= 0)
                    return last;
                budget = tokensBefore[last] - tokensBefore[from] - excess;
            }
        }

        int Choose(int from, int covered, long budget)
        {
            int most = from;
            while (most < pieces.Count && tokensBefore[most + 1] - tokensBefore[from] <= budget)
                most++;
            if (from == covered)
                most = Math.Max(most, from + 1);
            if (most == pieces.Count || most <= covered)
                return Math.Max(most, covered);
            foreach (var (kind, fill) in Preferences)
            {
                for (int last = most; last > covered && tokensBefore[last] - tokensBefore[from] >= fill * budget; last--)
                {
                    if (pieces[last - 1].Kind >= kind)
                        return last;
                }
            }

            return most;
        }

        // Repeats whole sentences where they fit, else words; always begins behind the former chunk's beginning.
        int FirstOfOverlap(int from, int next)
        {
            int start = next;
            while (start - 1 > from && tokensBefore[next] - tokensBefore[start - 1] <= overlap * maxTokens)
                start--;
            foreach (var kind in new[] { TextEnd.Line, TextEnd.Word })
            {
                for (int i = start; i < next; i++)
                {
                    if (pieces[i - 1].Kind >= kind)
                        return i;
                }
            }

            return next;
        }
    }
}
