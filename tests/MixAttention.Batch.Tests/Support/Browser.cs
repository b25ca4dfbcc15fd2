using System.ComponentModel;
using System.Diagnostics;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A headless Chromium that looks at pages.</summary>
internal static class Browser
{
    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome"];
    private static readonly Lazy<string?> Installed = new(() => Programs.FirstOrDefault(IsInstalled));

    /// <summary>Takes a picture of a page as a reader sees it who prefers light or dark. Skips the test where there is no browser.</summary>
    public static async Task<PngPicture> LookAtAsync(string page, bool isDark, int width, int height)
    {
        if (Installed.Value is not { } program)
        {
            Assert.Skip("Chromium is not installed. Debian's package is chromium.");
            return null!; // Never reached.
        }

        using var folder = new TemporaryFolder();
        string picture = folder["page.png"];
        string[] options =
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", $"--user-data-dir={folder["profile"]}", $"--window-size={width},{height}",
            $"--blink-settings=preferredColorScheme={(isDark ? 0 : 1)}", $"--screenshot={picture}", new Uri(page).AbsoluteUri,
        ];
        using var process = Process.Start(new ProcessStartInfo(program, options) { RedirectStandardOutput = true, RedirectStandardError = true })!; // Without a shell there is one.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        _ = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        Assert.True(File.Exists(picture), $"{program} took no picture: {await errors}");
        return PngPicture.Read(await File.ReadAllBytesAsync(picture, patience.Token));
    }

    private static bool IsInstalled(string program)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true, RedirectStandardError = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
