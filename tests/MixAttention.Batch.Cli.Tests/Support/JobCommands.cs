using MixAttention.Batch.Cli.Options;

namespace MixAttention.Batch.Cli.Tests.Support;

/// <summary>Submits jobs to a folder and works on them, with a model without arithmetic.</summary>
internal sealed class JobCommands : IDisposable
{
    public CommandLine Cli { get; } = new();

    public string Docs => Cli.Folder["docs"];

    public string Store => Cli.Folder["jobs"];

    /// <summary>Writes documents of a few lengths.</summary>
    public void WriteDocuments(int count)
    {
        for (int i = 0; i < count; i++)
            Cli.Folder.Write($"docs/doc-{i:000}.txt", string.Join(' ', Enumerable.Range(0, 3 + (i % 5 * 4)).Select(w => $"w{w % 7}")));
    }

    /// <summary>Submits the documents at a fixed time.</summary>
    /// <returns>The job's id.</returns>
    public async Task<string> SubmitAsync(params string[] args)
    {
        Assert.Equal(ExitCodes.Fine, await TrySubmitAsync(args));
        return Cli.Output.Trim();
    }

    /// <inheritdoc cref="SubmitAsync" />
    /// <returns>The exit code.</returns>
    public Task<int> TrySubmitAsync(params string[] args) =>
        Cli.RunScriptedAsync(["submit", Docs, .. Complete(args, ("--store", Store), ("--model", ModelFlag.DemoModel), ("--created-at", "2026-01-31T00:00:00Z"), ("--max-tokens", "5"))]);

    /// <summary>Runs a worker until the queue has nothing for it.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> WorkAsync(params string[] args) =>
        Cli.RunScriptedAsync(["worker", .. Complete(args, ("--store", Store), ("--model", ModelFlag.DemoModel), ("--memory", "4MiB"), ("--idle-seconds", "0"))]);

    /// <summary>Runs a command on the folder of jobs.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(params string[] args) => Cli.RunScriptedAsync([.. args, "--store", Store]);

    /// <summary>Writes the results of the only job into a folder.</summary>
    /// <returns>The lines of the successes.</returns>
    public async Task<string> ReadResultsAsync(string output, params string[] args)
    {
        await RunAsync(["results", "-o", Cli.Folder[output], .. args]);
        return File.ReadAllText(Path.Combine(Cli.Folder[output], "output.jsonl"));
    }

    public void Dispose() => Cli.Dispose();

    /// <summary>Adds the options that are not given.</summary>
    private static IEnumerable<string> Complete(string[] args, params (string Name, string Value)[] defaults) =>
        args.Concat(defaults.Where(d => !args.Contains(d.Name)).SelectMany(d => new[] { d.Name, d.Value }));
}
