using System.ComponentModel;
using System.Diagnostics;

namespace MixAttention.Deployment.Tests.Support;

/// <summary>What a program that ran to its end said.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to its output.</param>
/// <param name="Errors">What it wrote to its error stream.</param>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Gets both streams, the output first.</summary>
    public string Text => Output + Errors;

    /// <summary>Runs a program.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="environment">Variables that it gets beside those of this process; null removes one.</param>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Null where the program is not installed.</returns>
    public static async Task<ProgramRun?> TryAsync(string folder, IReadOnlyDictionary<string, string?> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!; // Not null: nothing is reused.
            process.StandardInput.Close();
            var stop = TestContext.Current.CancellationToken;
            var output = process.StandardOutput.ReadToEndAsync(stop);
            string errors = await process.StandardError.ReadToEndAsync(stop);
            await process.WaitForExitAsync(stop);
            return new ProgramRun(process.ExitCode, await output, errors);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
