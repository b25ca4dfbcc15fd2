using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace MixAttention.Batch.Cli.Tests.Support;

/// <summary>The built executable in a process of its own.</summary>
internal sealed partial class MixBatchProcess : IDisposable
{
    private const int SigInt = 2;
    private const string Terminal = "/usr/bin/script"; // of util-linux: runs a command on a pseudo-terminal

    // A process that hangs fails its test: every wait for it ends here. (Reading a process's streams cannot itself be cancelled.)
    private readonly CancellationTokenSource _patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Process _process;
    private readonly StreamReader _screen;
    private readonly StringBuilder _shown = new();
    private readonly Task<string> _output;

    private MixBatchProcess(ProcessStartInfo start, bool isTerminal)
    {
        _patience.CancelAfter(TimeSpan.FromMinutes(2));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!; // not null without a shell
        // A terminal shows both streams; the terminal's own errors are of no interest then.
        _screen = isTerminal ? _process.StandardOutput : _process.StandardError;
        _output = (isTerminal ? _process.StandardError : _process.StandardOutput).ReadToEndAsync();
    }

    /// <summary>Gets the executable that was built with these tests.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "mixbatch");

    /// <summary>Gets whether there is a program that gives a process a terminal.</summary>
    public static bool HasTerminal => File.Exists(Terminal);

    /// <summary>Gets what was read so far of standard error, or of the terminal.</summary>
    public string Shown => _shown.ToString();

    /// <summary>Gets what ends every wait for the process.</summary>
    public CancellationToken Patience => _patience.Token;

    /// <summary>Starts it with pipes for its streams and an empty standard input.</summary>
    public static MixBatchProcess Start(string workingFolder, params string[] args) => StartOther(Executable, workingFolder, args);

    /// <summary>Starts another copy of the executable, or another program, in the same way.</summary>
    public static MixBatchProcess StartOther(string executable, string workingFolder, params string[] args)
    {
        var process = new MixBatchProcess(new ProcessStartInfo(executable, args) { WorkingDirectory = workingFolder }, isTerminal: false);
        process._process.StandardInput.Close();
        return process;
    }

    /// <summary>Starts it on a terminal of its own.</summary>
    public static MixBatchProcess StartOnTerminal(string workingFolder, params string[] args)
    {
        string line = "exec " + string.Join(' ', args.Prepend(Executable).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        var start = new ProcessStartInfo(Terminal, ["--quiet", "--return", "--flush", "--command", line, "/dev/null"]) { WorkingDirectory = workingFolder };
        start.Environment["TERM"] = "xterm";
        return new MixBatchProcess(start, isTerminal: true);
    }

    /// <summary>Waits until what is shown matches a pattern.</summary>
    public async Task WaitForAsync(string pattern)
    {
        var buffer = new char[4096];
        while (!Regex.IsMatch(Shown, pattern))
        {
            int read = await _screen.ReadAsync(buffer).AsTask().WaitAsync(Patience);
            Assert.True(read > 0, $"It ended without showing '{pattern}': {Shown}");
            _shown.Append(buffer, 0, read);
        }
    }

    /// <summary>Sends what Ctrl-C sends to a process.</summary>
    public void Interrupt() => Assert.Equal(0, kill(_process.Id, SigInt));

    /// <summary>Types on its terminal.</summary>
    public void Type(string keys)
    {
        _process.StandardInput.Write(keys);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code and standard output; <see cref="Shown"/> is complete then.</returns>
    public async Task<(int ExitCode, string Output)> WaitForEndAsync()
    {
        _shown.Append(await _screen.ReadToEndAsync().WaitAsync(Patience));
        await _process.WaitForExitAsync(Patience);
        return (_process.ExitCode, await _output);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _patience.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int kill(int processId, int signal);
}
