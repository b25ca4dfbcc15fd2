using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A second process of the test program, which can be killed at any moment; it and its parent talk by lines.</summary>
internal sealed class TestProcess : IDisposable
{
    /// <summary>The first argument of such a process.</summary>
    public const string Mark = "--test-process";

    private readonly Process _process;
    private readonly Channel<string> _errorLines = Channel.CreateUnbounded<string>(); // A process of a test says little.
    private readonly StringBuilder _errors = new();

    private TestProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                _errorLines.Writer.Complete();
            else
                _errorLines.Writer.TryWrite(line.Data);
        };
        process.BeginErrorReadLine();
    }

    private static string Executable => Path.Combine(AppContext.BaseDirectory, typeof(TestProcess).Assembly.GetName().Name!); // An assembly of a file has a name.

    /// <summary>Starts a process in a mode of the test program.</summary>
    public static TestProcess Start(params string[] arguments) => Run(Executable, [Mark, .. arguments]);

    /// <summary>Starts a process to which a folder is a file system of its own: small, and read-only after the first of two modes where two are given.</summary>
    /// <returns>Null where this user may not mount.</returns>
    public static TestProcess? StartOnSmallDisk(string folder, int kilobytes, string[] arguments, string[]? readOnlyArguments = null)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/unshare"))
            return null;
        string[] mount = ["-Urm", "sh", "-c", $"mount -t tmpfs -o size={kilobytes}k none '{folder}' {{0}}"];
        using (var probe = Run("/usr/bin/unshare", [.. mount[..3], mount[3].Replace("{0}", "", StringComparison.Ordinal)]))
        {
            probe._process.WaitForExit();
            if (probe._process.ExitCode != 0)
                return null;
        }

        string then = $"&& '{Executable}' {Mark} {string.Join(' ', arguments)}";
        if (readOnlyArguments is not null)
            then += $" && mount -o remount,ro '{folder}' && '{Executable}' {Mark} {string.Join(' ', readOnlyArguments)}";
        return Run("/usr/bin/unshare", [.. mount[..3], mount[3].Replace("{0}", then, StringComparison.Ordinal)]);
    }

    /// <summary>Reads the next line that the process writes; null when it has ended.</summary>
    public async Task<string?> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);

    /// <summary>Reads all lines until the process ends, and checks that it ended well.</summary>
    public async Task<string[]> ReadToEndAsync()
    {
        var (exitCode, output, errors) = await WaitForEndAsync();
        Assert.True(exitCode == 0, errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Waits until the process says something on its error stream.</summary>
    public async Task ReadErrorsToAsync(string text)
    {
        while (!_errors.ToString().Contains(text, StringComparison.Ordinal))
            _errors.AppendLine(await _errorLines.Reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Waits until the process ends, however that may be; 137 is the exit code of one that was killed.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> WaitForEndAsync()
    {
        string output = await _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await foreach (string line in _errorLines.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
            _errors.AppendLine(line);
        return (_process.ExitCode, output, _errors.ToString());
    }

    /// <summary>Lets a process go on that waits for a line.</summary>
    public void Go() => _process.StandardInput.WriteLine("go");

    /// <summary>Kills the process with SIGKILL and waits until it is gone.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Tells the process to end, with SIGTERM.</summary>
    public void Terminate() => Signal("TERM");

    /// <summary>Stops the process with SIGSTOP.</summary>
    public void Stop() => Signal("STOP");

    /// <summary>Lets a stopped process go on, with SIGCONT.</summary>
    public void Continue() => Signal("CONT");

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static TestProcess Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1"; // It lives for a second: what counts is a quick start.
        return new TestProcess(Process.Start(start)!); // Not null: nothing is reused.
    }
}
