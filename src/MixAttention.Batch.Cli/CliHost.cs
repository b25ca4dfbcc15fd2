using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Engine;
using MixAttention.Engine.Execution;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MixAttention.Batch.Cli;

/// <summary>The edges of the process that commands meet: streams, terminal, clock, environment, and how a model is loaded.</summary>
internal sealed record CliHost
{
    /// <summary>Gets where results for people and programs go.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Gets where errors and progress go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Gets whether the error stream is a terminal on which a line may be redrawn.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Gets how standard input is opened.</summary>
    public Func<Stream> OpenStandardInput { get; init; } = () => Stream.Null;

    /// <summary>Gets the clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Gets how an environment variable is read; null when it is not set.</summary>
    public Func<string, string?> ReadVariable { get; init; } = _ => null;

    /// <summary>Gets how the process ends when a thread of it hangs: with an exit code, at once.</summary>
    public Action<int> ExitAtOnce { get; init; } = Interrupt.ExitAtOnce;

    /// <summary>Gets how a model is loaded, on the engine's thread.</summary>
    public Func<string, RunnerOptions, IModelRunner> LoadRunner { get; init; } = DecoderRunner.Load;

    /// <summary>Gets how the store in a folder is opened.</summary>
    public Func<string, TimeProvider, IArtifactStore> OpenStore { get; init; } = (folder, time) => new FolderArtifactStore(folder, time);

    /// <summary>Gets how the queue in a file is opened, with the time that its locks last.</summary>
    public Func<string, TimeSpan, TimeProvider, IJobQueue> OpenQueue { get; init; } = (file, lockDuration, time) => new SqliteJobQueue(file, lockDuration, time);

    // Wider than any line of ours: what reads a pipe wants lines whole.
    private const int WidthWithoutTerminal = 8192;

    /// <summary>Takes the edges of this process.</summary>
    public static CliHost OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        IsTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"),
        OpenStandardInput = () => InterruptibleInput.Of(Console.OpenStandardInput()),
        ReadVariable = Environment.GetEnvironmentVariable,
    };

    /// <summary>Writes a table to <see cref="Output"/>: as wide as it is where there is no terminal, and without spaces at the ends of lines.</summary>
    public void Write(IRenderable table)
    {
        if (ReferenceEquals(Output, Console.Out) && !Console.IsOutputRedirected)
        {
            AnsiConsole.Console.Write(table);
            return;
        }

        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        console.Profile.Width = WidthWithoutTerminal;
        console.Write(table);
        foreach (string line in text.ToString().TrimEnd().Split('\n'))
            Output.WriteLine(line.TrimEnd());
    }
}
