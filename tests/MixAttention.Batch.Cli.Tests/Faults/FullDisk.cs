using System.Globalization;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>What a process does that has a small disk of its own: submits, fills the disk, works, makes room, and works again. Arguments are the folder of jobs, that of documents, and the free bytes of the full disk.</summary>
internal static class FullDisk
{
    public static async Task<int> RunAsync(string[] args)
    {
        string jobs = args[0], filler = Path.Combine(jobs, "filler");
        await RunAsync(0, ["submit", args[1], "--store", jobs, "--model", ModelFlag.DemoModel, "--job-id", "job", "--max-tokens", "2", "--created-at", "2026-01-31T00:00:00Z"]);
        Fill(filler, int.Parse(args[2], CultureInfo.InvariantCulture));
        string[] worker = ["worker", "--store", jobs, "--model", ModelFlag.DemoModel, "--memory", "4MiB", "--idle-seconds", "0"];
        await RunAsync(0, worker);
        File.Delete(filler);
        await RunAsync(1000, worker);
        Console.WriteLine(File.ReadAllText(Path.Combine(jobs, "store", FaultFixture.Artifacts.Output)));
        return 0;
    }

    private static async Task RunAsync(int secondsAhead, string[] args)
    {
        var clock = new ShiftedTime(TimeSpan.FromSeconds(secondsAhead));
        var host = CliHost.OfProcess() with
        {
            Output = Console.Error,
            OpenQueue = (file, lockDuration, _) => new SqliteJobQueue(file, lockDuration, clock),
            LoadRunner = (_, options) => CommandLine.ScriptedModel(options, _ => { }),
        };
        Console.Error.WriteLine($"exit code {await MixBatch.RunAsync(args, host, CancellationToken.None)}");
    }

    private static void Fill(string path, int freeBytes)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            file.SetLength(file.Length - freeBytes);
        }
    }
}
