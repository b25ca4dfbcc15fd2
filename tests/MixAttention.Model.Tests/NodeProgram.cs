using System.ComponentModel;
using System.Diagnostics;

namespace MixAttention.Model.Tests;

/// <summary>Runs programs of Node.js, which some tests take as their oracle.</summary>
public static class NodeProgram
{
    /// <summary>Tells whether a program is installed.</summary>
    public static bool Exists(string program)
    {
        try
        {
            Run(Path.GetTempPath(), program, "", "--version");
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs a program and returns what it writes.</summary>
    public static string Run(string folder, string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        string text = output.GetAwaiter().GetResult();
        return process.ExitCode == 0 ? text : throw new InvalidOperationException($"{program} {arguments[0]} failed: {errors.GetAwaiter().GetResult()}");
    }
}
