using System.Diagnostics;
using System.Globalization;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Engine.Scheduling;

namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>A process of mixbatch on a model without arithmetic that meets one fault: SIGKILL by its own hand at an exact place, or a pause there.</summary>
internal sealed class FaultyMixBatch(string kind, string at)
{
    public const string None = "none";

    /// <summary>Dies before, or after, a side effect: the beginning of its <see cref="CallPoint.Step"/>, #, and which occurrence, from 1.</summary>
    public const string KillBefore = "kill-before";

    /// <inheritdoc cref="KillBefore" />
    public const string KillAfter = "kill-after";

    /// <summary>Says "reached" before a side effect and waits for a line.</summary>
    public const string HoldBefore = "hold-before";

    /// <summary>Dies before the side effect of this number, from 1.</summary>
    public const string KillAtEffect = "kill-at-effect";

    /// <summary>Dies at the engine's step of this number, from 1.</summary>
    public const string KillAtStep = "kill-at-step";

    /// <summary>Never returns from the engine's step of this number, from 1.</summary>
    public const string HangAtStep = "hang-at-step";

    /// <summary>Dies whenever a prompt of so many tokens is computed.</summary>
    public const string KillAtPrompt = "kill-at-prompt";

    private int _count;

    /// <summary>Runs a command line; arguments before it are the fault, its place, the file that gets the length of each prompt that is computed, and the seconds by which the queue's clock is ahead.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var fault = new FaultyMixBatch(args[0], args[1]);
        var faults = new CallFaults((point, _) => fault.Strike(point));
        var clock = new ShiftedTime(TimeSpan.FromSeconds(int.Parse(args[3], CultureInfo.InvariantCulture)));
        var host = CliHost.OfProcess() with
        {
            OpenStore = (folder, time) => new FaultingArtifactStore(new FolderArtifactStore(folder, time), faults),
            OpenQueue = (file, lockDuration, _) => new FaultingJobQueue(new SqliteJobQueue(file, lockDuration, clock), faults),
            LoadRunner = (_, options) => CommandLine.ScriptedModel(options, plan => fault.Strike(plan, args[2])),
        };
        using var interrupt = new Interrupt();
        return await MixBatch.RunAsync(args[4..], host, interrupt.Token);
    }

    /// <summary>Lists the lengths of the prompts that a step finishes to compute.</summary>
    public static IEnumerable<int> PromptLengths(StepPlan plan) => plan.Prefill.Where(c => c.IsLast).Select(c => c.Trim.PromptLength);

    private ValueTask Strike(CallPoint point)
    {
        if (!point.IsEffect)
            return ValueTask.CompletedTask;
        string[] place = at.Split('#');
        bool isIt = kind switch
        {
            KillBefore or HoldBefore => !point.IsAfter && IsNamed(point.Step, place),
            KillAfter => point.IsAfter && IsNamed(point.Step, place),
            KillAtEffect => !point.IsAfter && IsNumber(at),
            _ => false,
        };
        if (isIt && kind == HoldBefore)
            Hold();
        else if (isIt)
            Kill();
        return ValueTask.CompletedTask;
    }

    private void Strike(StepPlan plan, string computed)
    {
        File.AppendAllLines(computed, PromptLengths(plan).Select(l => l.ToString(CultureInfo.InvariantCulture)));
        if (kind == KillAtStep && IsNumber(at))
            Kill();
        if (kind == HangAtStep && IsNumber(at))
            new ManualResetEventSlim().Wait();
        if (kind == KillAtPrompt && PromptLengths(plan).Contains(int.Parse(at, CultureInfo.InvariantCulture)))
            Kill();
    }

    private bool IsNamed(string step, string[] place) => step.StartsWith(place[0], StringComparison.Ordinal) && IsNumber(place[1]);

    private bool IsNumber(string number) => Interlocked.Increment(ref _count) == int.Parse(number, CultureInfo.InvariantCulture);

    private static void Hold()
    {
        Console.WriteLine("reached");
        Console.ReadLine();
    }

    private static void Kill()
    {
        using var me = Process.GetCurrentProcess();
        me.Kill();
        new ManualResetEventSlim().Wait(); // The signal is on its way.
    }
}
