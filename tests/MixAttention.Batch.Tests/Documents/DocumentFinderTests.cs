using MixAttention.Batch.Documents;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents;

public sealed class DocumentFinderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folder_gives_its_documents_in_ordinal_order_of_their_paths()
    {
        Write("docs/b.txt", "docs/a/z.md", "docs/B.TXT", "docs/a.txt", "docs/ä.txt", "docs/report.png");
        var found = Find("docs");
        Assert.Equal(["B.TXT", "a.txt", "a/z.md", "b.txt", "ä.txt"], Ids(found));
        Assert.Equal((5, 1), (found.Found.Count, found.Found.OthersSkipped));
        Assert.Equal([0, 1, 2, 3, 4], found.Enumerate().Select(d => d.Index));
    }

    [Fact]
    public void Folder_gives_documents_of_every_type_that_is_read()
    {
        string[] names = ["a.DOCX", "a.epub", "a.htm", "a.html", "a.md", "a.pdf", "a.txt"];
        Write([.. names.Select(n => $"docs/{n}"), "docs/a.doc", "docs/a", "docs/pdf"]);
        var found = Find("docs");
        Assert.Equal(names, Ids(found));
        Assert.Equal(3, found.Found.OthersSkipped);
    }

    [Fact]
    public void Arguments_keep_their_order()
    {
        Write("z.txt", "docs/a.txt", "docs/c.txt");
        Assert.Equal(["z.txt", "a.txt", "c.txt", "stdin"], Ids(Find("z.txt", "docs", "-")));
    }

    [Fact]
    public void File_named_on_the_command_line_is_taken_whatever_it_is()
    {
        Write("report.pdf", ".hidden.txt");
        Assert.Equal(["report.pdf", ".hidden.txt"], Ids(Find("report.pdf", ".hidden.txt")));
    }

    [Fact]
    public void Equal_names_below_two_folders_get_the_folders_that_tell_them_apart()
    {
        Write("x/docs/a.txt", "x/docs/only.txt", "y/docs/a.txt");
        Assert.Equal(["x/docs/a.txt", "only.txt", "y/docs/a.txt"], Ids(Find("x/docs", "y/docs")));
    }

    [Theory]
    [InlineData("docs", "docs/a.txt")]
    [InlineData("docs", "docs")]
    [InlineData("-", "-")]
    public void Document_given_twice_is_refused(string first, string second)
    {
        Write("docs/a.txt");
        var error = Assert.Throws<BatchException>(() => Find(first, second));
        Assert.Contains("more than once. Name it once.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hidden_entries_and_links_out_of_the_folder_are_skipped_and_counted()
    {
        Write("outside/secret.txt", "docs/a.txt", "docs/.hidden.txt", "docs/.git/x.txt", "docs/sub/b.txt");
        File.CreateSymbolicLink(_folder["docs/out.txt"], _folder["outside/secret.txt"]);
        File.CreateSymbolicLink(_folder["docs/in.txt"], _folder["docs/sub/b.txt"]);
        Directory.CreateSymbolicLink(_folder["docs/loop"], _folder["docs"]);
        Directory.CreateSymbolicLink(_folder["docs/away"], _folder["outside"]);
        File.CreateSymbolicLink(_folder["docs/circle.txt"], "circle.txt");
        var found = Find("docs");
        Assert.Equal(["a.txt", "in.txt", "sub/b.txt"], Ids(found));
        Assert.Equal((2, 4), (found.Found.HiddenSkipped, found.Found.LinksSkipped));
    }

    [Fact]
    public void Link_through_a_linked_folder_out_of_the_folder_is_skipped()
    {
        Write("outside/secret.txt", "docs/a.txt");
        Directory.CreateSymbolicLink(_folder["docs/.door"], _folder["outside"]);
        File.CreateSymbolicLink(_folder["docs/out.txt"], _folder["docs/.door/secret.txt"]);
        Assert.Equal(["a.txt"], Ids(Find("docs")));
    }

    [Fact]
    public void Folder_behind_a_link_is_read_as_itself()
    {
        Write("real/a.txt");
        Directory.CreateSymbolicLink(_folder["docs"], _folder["real"]);
        File.CreateSymbolicLink(_folder["real/b.txt"], "a.txt");
        Assert.Equal(["a.txt", "b.txt"], Ids(Find("docs")));
    }

    [Theory]
    [InlineData("*.md", "", "c.md,sub/d.md")]
    [InlineData("sub", "", "sub/d.md,sub/deep/e.txt")]
    [InlineData("sub/*", "", "sub/d.md,sub/deep/e.txt")]
    [InlineData("/a.txt", "", "a.txt")]
    [InlineData("", "sub", "a.txt,c.md")]
    [InlineData("", "deep/", "a.txt,c.md,sub/d.md")]
    [InlineData("", "*.txt", "c.md,sub/d.md")]
    [InlineData("*.txt", "sub/**", "a.txt")]
    public void Globs_choose_among_a_folders_documents(string include, string exclude, string expected)
    {
        Write("docs/a.txt", "docs/c.md", "docs/sub/d.md", "docs/sub/deep/e.txt", "docs/x.log");
        var query = Query("docs") with { Include = Globs(include), Exclude = Globs(exclude) };
        Assert.Equal(expected, string.Join(',', Ids(DocumentFinder.Find(query))));
    }

    [Fact]
    public void Output_folder_inside_the_input_is_not_read()
    {
        Write("docs/a.txt", "docs/out/texts/a.txt.txt");
        Assert.Equal(["a.txt"], Ids(DocumentFinder.Find(Query("docs") with { OutputFolder = _folder["docs/out"] })));
    }

    [Theory]
    [InlineData("out")]
    [InlineData("out/texts")]
    [InlineData("link")]
    public void Input_inside_the_output_folder_is_refused(string input)
    {
        Write("out/texts/a.txt");
        Directory.CreateSymbolicLink(_folder["link"], _folder["out"]);
        var error = Assert.Throws<BatchException>(() => DocumentFinder.Find(Query(input) with { OutputFolder = _folder["out"] }));
        Assert.Contains("Choose another output folder.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_reported_at_once()
    {
        var error = Assert.Throws<BatchException>(() => Find("missing-1", "missing-2"));
        Assert.Equal(FailureKind.Usage, error.Kind);
        Assert.Contains("missing-1 does not exist.", error.Message, StringComparison.Ordinal);
        Assert.Contains("missing-2 does not exist.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_without_documents_is_refused_with_what_was_passed_over()
    {
        Write("docs/.hidden.txt", "docs/x.png");
        var error = Assert.Throws<BatchException>(() => Find("docs"));
        Assert.Contains("(passed over: 1 hidden, 1 of other types or excluded)", error.Message, StringComparison.Ordinal);
    }

    private void Write(params string[] paths)
    {
        foreach (string path in paths)
            _folder.Write(path, "text");
    }

    private DocumentFinder Find(params string[] inputs) => DocumentFinder.Find(Query(inputs));

    private DocumentQuery Query(params string[] inputs) => new() { Inputs = [.. inputs.Select(i => i == "-" ? i : _folder[i])] };

    private static string[] Globs(string glob) => glob.Length == 0 ? [] : [glob];

    private static string[] Ids(DocumentFinder found) => [.. found.Enumerate().Select(d => d.Id)];
}
