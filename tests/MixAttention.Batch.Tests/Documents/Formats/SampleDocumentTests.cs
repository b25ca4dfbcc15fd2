using System.Text.RegularExpressions;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed partial class SampleDocumentTests
{
    private static readonly string Folder = Path.Combine(Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") ?? "", "data", "documents", "markitdown");

    [Theory]
    [InlineData("RECEIPT-2024-TXN-98765_retail_purchase")]
    [InlineData("REPAIR-2022-INV-001_multipage")]
    [InlineData("SPARSE-2024-INV-1234_borderless_table")]
    [InlineData("movie-theater-booking-2024")]
    [InlineData("test")]
    public void Pdf_gives_97_percent_of_its_words(string name)
    {
        string text = Read($"{name}.pdf");
        var found = Word().Matches(text).GroupBy(w => w.Value).ToDictionary(g => g.Key, g => g.Count());
        var words = Word().Matches(File.ReadAllText(Path.Combine(Folder, "expected_outputs", $"{name}.md"))).Select(w => w.Value).ToList();
        var missing = words.Where(w => (found[w] = found.GetValueOrDefault(w) - 1) < 0).ToList();
        Assert.True(missing.Count <= 0.03 * words.Count, $"{missing.Count} of {words.Count} words are missing: {string.Join(' ', missing.Take(40))}");
    }

    [Theory]
    [InlineData("movie-theater-booking-2024.pdf", "Order / Rev:  2024-12-5678", "Contact:  Michael Chen")]
    [InlineData("masterformat_partial_numbering.pdf", ".1", ".2")]
    [InlineData("test.docx", "314b0a30-5b04-470b-b9f7-eed2c2bec74a", "# Abstract", "AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation", "d666f1f7-46cb-42bd-9a39-9a39cf2a509f")]
    [InlineData("test_with_comment.docx", "Abstract", "AutoGen is an open-source framework that allows developers to build LLM applications")]
    [InlineData("equations.docx", "For m=1", "The angle is", "From Eq. 36.1.3")]
    [InlineData("rlink.docx", "Testing Linked Images")]
    [InlineData("test.epub", "# Test EPUB Document", "# Chapter 1: Test Content\n\nThis is a test paragraph with some formatting.", "- A bullet point\n- Another point", "This is a blockquote for testing.")]
    [InlineData("test_blog.html", "Large language models (LLMs) are powerful tools that can generate natural language texts for various applications", "an example where high cost can easily prevent a generic complex")]
    [InlineData("test_wikipedia.html", "Microsoft entered the operating system (OS) business in 1980 with its own version of Unix", "# Microsoft")]
    [InlineData("test_serp.html", "Microsoft")]
    public void Document_gives_the_words_it_is_known_for(string name, params string[] expected)
    {
        string text = Read(name);
        Assert.All(expected, words => Assert.Contains(words, text, StringComparison.Ordinal));
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Scanned_report_is_named_as_such()
    {
        const string Name = "MEDRPT-2024-PAT-3847_medical_report_scan.pdf";
        Loading.Refuses("document_empty", "holds pictures of 3 pages and no text: it is a scan.", Name, Bytes(Name));
    }

    private static string Read(string name) => Loading.Text(name, Bytes(name));

    private static byte[] Bytes(string name)
    {
        string path = Path.Combine(Folder, name);
        Assert.SkipUnless(File.Exists(path), "The sample documents are not there: set MIXATTENTION_SHARED.");
        return File.ReadAllBytes(path);
    }

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Word();
}
