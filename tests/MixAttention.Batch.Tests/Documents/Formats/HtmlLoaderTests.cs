using System.Text;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class HtmlLoaderTests
{
    [Fact]
    public void Page_comes_out_as_readable_lines()
    {
        const string Page = """
            <!DOCTYPE html><html><head><title>A &amp; B</title><style>p { color: red }</style><script>if (a < b) document.write("<p>no</p>")</script></head>
            <body><nav><ul><li>Home<li>About</ul></nav>
            <h2>First <em>heading</em></h2>
            <p>One
               sentence&nbsp;with caf&eacute;.<br>Second line.</p><p hidden>not shown</p><div style="display: none">nor this</div>
            <ul><li>one<li>two<ol><li><p>inner</p></ol></ul>
            <table><caption>Numbers</caption><tr><th>a<th>b<tr><td>1<td><p>2</p><p>3</p></table>
            <pre>x  =  1
              y</pre><svg><text>drawn</text></svg>last</body></html>
            """;
        const string Expected = """
            # A & B

            ## First heading

            One sentence with café.
            Second line.

            - one
            - two
              - inner

            Numbers

            a | b
            1 | 2 3

            x  =  1
              y

            last
            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n").Replace("  y", "  y", StringComparison.Ordinal), Loading.Text("a.html", Page.ReplaceLineEndings("\n").Replace("              y", "  y", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("<p>before<div hidden>kept <p>to the end", "before\n\nkept\n\nto the end")]
    [InlineData("<p>before<nav>menu", "before\n\nmenu")]
    [InlineData("<p>before<script>var a = '</p>'", "before")]
    public void Hidden_part_without_end_does_not_swallow_the_page(string page, string expected) => Assert.Equal(expected, Loading.Text("a.html", page));

    [Theory]
    [InlineData("<table><tr><td>Menu<td><p>Article</p><p>goes on</p></table>", "Menu | Article goes on")]
    [InlineData("<table><tr><td><p>One cell</p><p>is a page</p></table>", "One cell\n\nis a page")]
    [InlineData("<table><tr><td>outer<table><tr><td>1<td>2</table>after</table>", "outer\n1 | 2\n\nafter")]
    public void Table_gives_a_line_per_row(string page, string expected) => Assert.Equal(expected, Loading.Text("a.html", page));

    [Fact]
    public void Nothing_but_scripts_is_an_empty_document() => Loading.Refuses("document_empty", "holds no text.", "a.html", "<script>1</script><nav>x</nav>"u8.ToArray());

    public static TheoryData<string, string> Bombs => new()
    {
        { "a million open elements", string.Concat(Enumerable.Repeat("<div>", 1_000_000)) + "deep" },
        { "formatting that a tree would multiply", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"<b id={i}>")) + string.Concat(Enumerable.Repeat("<p>x", 20_000)) + "deep" },
        { "a tag of many attributes", "<p " + string.Concat(Enumerable.Range(0, 300_000).Select(i => $"a{i}=1 ")) + ">deep" },
        { "a tag with one attribute again and again", "<p " + string.Concat(Enumerable.Repeat("role=x ", 300_000)) + ">deep" },
        { "nested lists and tables", string.Concat(Enumerable.Repeat("<ul><li><table><tr><td>", 100_000)) + "deep" },
        { "hidden parts inside each other", string.Concat(Enumerable.Repeat("<nav>", 500_000)) + string.Concat(Enumerable.Repeat("</nav>", 500_000)) + "deep" },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void Fault_35_hostile_page_costs_its_length_alone(string name, string page)
    {
        Assert.NotEmpty(name);
        Assert.EndsWith("deep", Loading.Text("a.html", Encoding.UTF8.GetBytes(page)), StringComparison.Ordinal);
    }
}
