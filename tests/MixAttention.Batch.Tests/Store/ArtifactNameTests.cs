using CsCheck;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Store;

public sealed class ArtifactNameTests
{
    public static readonly string[] Bad =
    [
        "", ".", "..", "/", "/etc/passwd", "a/", "/a", "a//b", "a/./b", "a/../b", "../a", "a/..", "a\\b", "..\\a", "C:\\a", "a:b", ".a", "a/.tmp/b", "a.", "a./b", "a b", "a\0b", "a\nb", "a\tb",
        "%2e%2e/a", "a%2Fb", "a?b", "a#b", "a*b", "~", "ä", "а" /* Cyrillic */, "a\u2215b", "a\u202Eb", "https://host/a", "a\u00ADb", "📄",
    ];

    public static TheoryData<string> BadNames => [.. Bad];

    [Theory]
    [MemberData(nameof(BadNames))]
    public void Name_that_could_mean_something_else_is_refused_fault_36(string name)
    {
        Assert.False(ArtifactName.IsValid(name));
        var e = Assert.Throws<ArgumentException>(() => ArtifactName.Check(name));
        Assert.Contains("Use segments of A-Z", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("jobs/job_01J-x/outputs/part-00007.jsonl")]
    [InlineData("_COMMITTED.json")]
    [InlineData("a/b..c")]
    public void Plain_name_is_taken(string name)
    {
        ArtifactName.Check(name);
        for (int length = 0; length <= name.Length; length++)
            ArtifactName.CheckPrefix(name[..length]);
    }

    [Fact]
    public void Length_is_limited_in_all_and_per_segment()
    {
        string segment = new('a', ArtifactName.MaxSegmentLength);
        string longest = string.Join('/', segment, segment, segment, segment)[..ArtifactName.MaxLength];
        Assert.True(ArtifactName.IsValid(longest));
        Assert.False(ArtifactName.IsValid(longest + "a"));
        Assert.False(ArtifactName.IsValid(segment + "a"));
        Assert.True(Assert.Throws<ArgumentException>(() => ArtifactName.Check(new string('a', 1025))).Message.Length < 500);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("../")]
    [InlineData("a//")]
    [InlineData("a/.")]
    [InlineData("a*")]
    public void Prefix_of_no_name_is_refused(string prefix) => Assert.Throws<ArgumentException>(() => ArtifactName.CheckPrefix(prefix));

    [Fact]
    public void Allowed_name_stays_below_its_folder_whatever_it_is_fault_36()
    {
        var characters = Gen.OneOf(Gen.Char["ab._-/\\%~ :"], Gen.Char);
        Gen.String[characters, 0, 12].Sample(name => Assert.True(
            !ArtifactName.IsValid(name) || Path.GetFullPath(Path.Combine("/root-folder", name)) == "/root-folder/" + name));
    }
}
