using CsCheck;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Tests.Records;

public sealed class TextPathPlanTests
{
    [Theory]
    [InlineData("a.txt", 0, "texts/a.txt.txt")]
    [InlineData("sub/b.md", 1, "texts/sub/b.md.q2.txt")]
    [InlineData("stdin", 0, "texts/stdin.txt")]
    [InlineData("with space & ümläut.txt", 0, "texts/with space & ümläut.txt.txt")]
    public void Text_lies_where_its_document_lies(string id, int instruction, string path) => Assert.Equal(path, new TextPathPlan().Add(id, instruction));

    [Theory]
    [InlineData("../../etc/passwd.txt")]
    [InlineData("/etc/passwd.txt")]
    [InlineData("a/../../b.txt")]
    [InlineData("a//b.txt")]
    [InlineData("evil\nname.txt")]
    [InlineData("esc\u001b[31m.txt")]
    [InlineData("a\\..\\b.txt")]
    [InlineData("C:b.txt")]
    [InlineData("\ud800.txt")]
    public void Hostile_name_gets_a_digest(string id) => Assert.Matches("^texts/document-[0-9a-f]{16}\\.q3\\.txt$", new TextPathPlan().Add(id, 2));

    [Fact]
    public void Name_longer_than_a_file_may_have_gets_a_digest() => Assert.StartsWith("texts/document-", new TextPathPlan().Add(new string('é', 124) + ".txt", 0), StringComparison.Ordinal);

    [Fact]
    public void Text_in_the_way_of_a_folder_gets_a_digest()
    {
        var plan = new TextPathPlan();
        Assert.Equal("texts/a.txt.txt", plan.Add("a.txt", 0));
        Assert.StartsWith("texts/document-", plan.Add("a.txt.txt/b.txt", 0), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_in_the_place_of_a_folder_gets_a_digest()
    {
        var plan = new TextPathPlan();
        plan.Add("a.txt.txt/b.txt", 0);
        Assert.StartsWith("texts/document-", plan.Add("a.txt", 0), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_names_give_distinct_files_below_texts() => Gen.OneOf([.. new[] { "a", "a.txt", "..", ".", "", "b", "q2", "a.txt.txt", "a.q2", "\n" }.Select(Gen.Const)]).Array[1, 3].List[1, 8].Sample(ids =>
    {
        var plan = new TextPathPlan();
        var paths = ids.Select(parts => string.Join('/', parts)).Distinct().SelectMany(id => new[] { plan.Add(id, 0), plan.Add(id, 1) }).ToList();
        string root = Path.GetFullPath("/out/texts") + "/";
        Assert.Equal(paths.Count, paths.Distinct().Count());
        Assert.All(paths, p => Assert.StartsWith(root, Path.GetFullPath(p, "/out"), StringComparison.Ordinal));
        Assert.All(paths, p => Assert.DoesNotContain(paths, other => other.StartsWith(p + "/", StringComparison.Ordinal)));
    });
}
