using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Reporting;

/// <summary>Looks at a report as a person would, in a browser.</summary>
public sealed class ReportInBrowserTests : IDisposable
{
    private readonly JobFixture _job = new();

    public void Dispose() => _job.Dispose();

    [Theory]
    [InlineData(false, 0xf4f6f9, 0xffffff, 0x2f6fde, 0xe0851b, 0x12908e)]
    [InlineData(true, 0x0f141b, 0x171e28, 0x6aa0ff, 0xf2a547, 0x3cc4bd)]
    public async Task Report_is_drawn_in_the_colours_that_the_reader_prefers(bool isDark, int background, int card, int prompt, int answer, int kv)
    {
        for (int i = 0; i < 12; i++)
            _job.Folder.Write($"docs/doc-{i:00}.txt", string.Join(' ', Enumerable.Range(0, 20 + (i * 13)).Select(w => $"w{w % 7}")));
        await _job.RunAsync();
        var picture = await Browser.LookAtAsync(_job.Folder["out/report.html"], isDark, width: 1240, height: 1700);

        Assert.Equal(background, picture[2, 2]);
        Assert.InRange((double)picture.Count(card) / (picture.Width * picture.Height), 0.3, 0.95);
        Assert.True(picture.Count(prompt) > 1000, $"{picture.Count(prompt)} pixels show prompts");
        Assert.True(picture.Count(answer) > 1000, $"{picture.Count(answer)} pixels show answers");
        Assert.True(picture.Count(kv) > 100, $"{picture.Count(kv)} pixels show memory");
    }

    [Fact]
    public async Task Report_fits_a_narrow_window()
    {
        _job.Folder.Write("docs/a.txt", "Some words.");
        await _job.RunAsync();
        var picture = await Browser.LookAtAsync(_job.Folder["out/report.html"], isDark: false, width: 500, height: 900);
        Assert.All(Enumerable.Range(0, picture.Height), y => Assert.Equal(0xf4f6f9, picture[picture.Width - 3, y]));
    }
}
