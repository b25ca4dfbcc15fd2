using CsCheck;
using MixAttention.Engine.Sampling;

namespace MixAttention.Engine.Tests.Sampling;

public sealed class AnswerTextTests
{
    [Theory]
    [InlineData("STOP", "Hello STOP world", "Hello ", true)]
    [InlineData("STOP", "Hel|lo ST|OP", "Hello ", true)]
    [InlineData("STOP", "Hello S|T|O|P", "Hello ", true)]
    [InlineData("STOP", "SSTOP", "S", true)]
    [InlineData("STOP", "S|STO|P", "S", true)]
    [InlineData("STOP", "Hello ST|AR", "Hello STAR", false)]
    [InlineData("STOP", "||", "", false)]
    [InlineData("b,abc", "xa|bc", "x", true)]
    [InlineData("bc,a", "xabc", "x", true)]
    [InlineData("\n\n", "one\n|\ntwo", "one", true)]
    [InlineData("", "any|thing", "anything", false)]
    public void Text_is_cut_before_the_first_stop_string(string stops, string pieces, string expected, bool isStopped)
    {
        var (text, stopped) = Run(pieces.Split('|'), stops.Length == 0 ? [] : stops.Split(','));

        Assert.Equal(expected, text);
        Assert.Equal(isStopped, stopped);
    }

    [Fact]
    public void A_stop_string_in_the_last_half_character_is_found()
    {
        var text = new AnswerText(new TokenText(_ => "", () => "ab!"), ["b!"]);

        Assert.False(text.Append(0));
        Assert.True(text.Finish());
        Assert.Equal("a", text.ToString());
    }

    // However a text is cut into tokens, it ends where the first token that completes a stop string ends.
    [Fact]
    public void Stops_are_found_as_a_search_of_the_whole_text_finds_them() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 0, 4].Array[1, 20], Gen.String[Gen.Char["ab"], 1, 4].Array[1, 3]).Sample((pieces, stops) =>
        {
            string whole = "";
            int found = -1;
            foreach (string piece in pieces)
            {
                whole += piece;
                var starts = stops.Select(s => whole.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).ToArray();
                if (starts.Length == 0)
                    continue;
                found = starts.Min();
                break;
            }

            var (text, stopped) = Run(pieces, stops);

            Assert.Equal(found >= 0, stopped);
            Assert.Equal(found >= 0 ? whole[..found] : whole, text);
        }, iter: 1000);

    private static (string Text, bool IsStopped) Run(string[] pieces, string[] stops)
    {
        var text = new AnswerText(new TokenText(id => pieces[id], () => ""), stops);
        bool isStopped = false;
        for (int id = 0; id < pieces.Length && !isStopped; id++)
            isStopped = text.Append(id);
        return (text.ToString(), isStopped);
    }
}
