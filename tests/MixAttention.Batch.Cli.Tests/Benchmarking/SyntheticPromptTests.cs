using MixAttention.Batch.Cli.Benchmarking;

namespace MixAttention.Batch.Cli.Tests.Benchmarking;

public sealed class SyntheticPromptTests
{
    // From the peers' harness, so that both engines run the same prompts.
    [Theory]
    [InlineData(1, 0, 32000, "24704 15606 27142 9602 29490 27555 31478 10220")]
    [InlineData(1, 1, 32000, "25422 5485 30543 16249 7789 26539 16294 27368")]
    [InlineData(1, 0, 512, "408 96 386 67 306 190 202 110")]
    public void Prompt_is_that_of_the_peers(int seed, int request, int vocabulary, string ids) =>
        Assert.Equal(ids, string.Join(' ', SyntheticPrompt.Create((ulong)seed, request, vocabulary, 8)));

    [Fact]
    public void Hash_is_fnv_1a_over_little_endian_integers()
    {
        Assert.Equal("cbf29ce484222325", TokensHash.Of([]));
        Assert.Equal(TokensHash.Of([[1, 2], [3]]), TokensHash.Of([[1], [2, 3]]));
        Assert.NotEqual(TokensHash.Of([[1, 2]]), TokensHash.Of([[2, 1]]));

        // FNV-1a of the four bytes "abcd".
        Assert.Equal("fc179f83ee0724dd", TokensHash.Of([[0x64636261]]));
    }

    [Theory]
    [InlineData("16x4096+64", 16, 4096, 64)]
    [InlineData("1x1+1", 1, 1, 1)]
    public void Workload_is_read(string text, int requests, int prompt, int answer)
    {
        Assert.Equal(new Workload(requests, prompt, answer), Workload.TryParse(text));
        Assert.Equal(text, Workload.TryParse(text)!.ToString());
    }

    [Theory]
    [InlineData("16x4096")]
    [InlineData("0x1+1")]
    [InlineData("1x99999999999+1")]
    [InlineData(" 1x1+1")]
    public void Text_that_is_no_workload_is_refused(string text) => Assert.Null(Workload.TryParse(text));
}
