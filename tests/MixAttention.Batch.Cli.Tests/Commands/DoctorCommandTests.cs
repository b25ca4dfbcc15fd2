using MixAttention.Batch.Cli.Tests.Support;
using TorchSharp;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Sound_machine_and_model_pass_every_check()
    {
        Assert.Equal(ExitCodes.Fine, await _cli.RunAsync("doctor"));

        Assert.Equal(["machine", "memory", "libtorch", "kernels", "device", "model", "self-check", "invariance", "answers"], Subjects("ok"));
        Assert.Empty(Subjects("FAILED"));
        Assert.Matches(@"memory\s+\S+ \w+ free", _cli.Output);
        Assert.Matches(@"device\s+cpu; a bfloat16 checkpoint gets products in \w+, keys and values in bfloat16\n", _cli.Output);
        Assert.Matches(@"model\s+mixbatch-demo: mpt, 5,337,792 parameters", _cli.Output);
        Assert.All(_cli.Output.TrimEnd().Split('\n'), line => Assert.True(line.StartsWith("ok ", StringComparison.Ordinal) && line == line.TrimEnd(), line)); // One line a check.
        Assert.Contains("numerics version", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("a request gave the same 8 tokens alone and among 7 others", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("answered all 13 questions about a sample document rightly", _cli.Output, StringComparison.Ordinal);
        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task Missing_model_is_a_finding_with_the_cure()
    {
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("doctor", "--model", "nowhere"));

        Assert.Equal(["model"], Subjects("FAILED"));
        Assert.Contains("There is no model folder nowhere. Give --model a folder with config.json", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_model_is_a_finding_and_is_not_loaded()
    {
        string model = _cli.CopyTruncatedModel("broken");
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunAsync((_, _) => throw new InvalidOperationException("loaded"), "doctor", "--model", model));

        Assert.Equal(["model"], Subjects("FAILED"));
        Assert.Equal(["machine", "memory", "libtorch", "kernels", "device"], Subjects("ok"));
    }

    [Fact]
    public async Task Model_without_tokenizer_fails_and_is_still_checked_on()
    {
        File.Delete(Path.Combine(_cli.CopyDemoModel("mute"), "tokenizer.json"));
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("doctor", "--model", _cli.Folder["mute"]));

        Assert.Equal(["model"], Subjects("FAILED"));
        Assert.Contains("has no tokenizer.json", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(["self-check", "invariance"], Subjects("ok").TakeLast(2));
    }

    [Fact]
    public async Task Device_that_is_not_there_is_a_finding_with_the_cure()
    {
        Assert.SkipWhen(torch.cuda.is_available(), "This machine has a CUDA device.");
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("doctor", "--device", "cuda"));

        Assert.Equal(["device"], Subjects("FAILED"));
        Assert.Contains("this libtorch sees no CUDA device. Check the driver with nvidia-smi", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_that_cannot_be_loaded_fails_its_check()
    {
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunAsync((_, _) => throw new IOException("The weights went away."), "doctor"));

        Assert.Equal(["self-check", "answers"], Subjects("FAILED"));
        Assert.Contains("The model could not be loaded: The weights went away.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_that_depend_on_company_are_found()
    {
        _cli.ChangeLogits = (plan, logits) => logits[plan.TokenCount] = 100;
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("doctor"));

        Assert.Contains("invariance", Subjects("FAILED"));
        Assert.Contains("A request gave other tokens among others than alone.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_answers_of_the_demo_model_are_found()
    {
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("doctor"));

        Assert.Equal(["answers"], Subjects("FAILED"));
        Assert.Contains("The demo model answered 13 of 13 questions about a sample document wrongly.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_examination_exits_with_130()
    {
        _cli.BeforeStep = _ => _cli.Interrupt();

        Assert.Equal(ExitCodes.Interrupted, await _cli.RunScriptedAsync("doctor"));
    }

    private IEnumerable<string> Subjects(string verdict) =>
        _cli.Output.Split('\n').Where(l => l.StartsWith(verdict + " ", StringComparison.Ordinal)).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
}
