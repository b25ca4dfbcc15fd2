namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>
/// Kills processes of <c>mixbatch worker</c> with SIGKILL at every kind of side effect and at random. Whatever they have kept is not computed again, and the results
/// are those of an undisturbed run.
/// </summary>
[Collection("processes")]
public sealed class KillTests : IDisposable
{
    private static readonly string[] StepsOfAShard =
        ["Receive", "PutIfAbsent state/", "PutIfAbsent checkpoints/", "PutIfAbsent outputs/part-", "PutIfMatch state/", "Delete checkpoints/", "Complete"];

    private static readonly string[] StepsOfAJob = ["PutIfAbsent numerics.json", "PutIfAbsent output.jsonl", "PutIfAbsent errors.jsonl", "PutIfAbsent _COMMITTED.json"];

    private readonly FaultFixture _fixture = new();

    public static TheoryData<string, string> Places =>
    [
        .. from kind in (string[])[FaultyMixBatch.KillBefore, FaultyMixBatch.KillAfter]
           from place in StepsOfAShard.SelectMany(s => (string[])[$"{s}#1", $"{s}#2"]).Concat(StepsOfAJob.Select(s => $"{s}#1"))
           select new TheoryDataRow<string, string>(kind, place),
    ];

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Worker_killed_at_a_side_effect_loses_and_doubles_nothing_that_was_kept_fault_4(string kind, string place)
    {
        await _fixture.SubmitAsync();
        Assert.Equal(137, await _fixture.RunAsync(kind, place));
        await _fixture.FinishAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Workers_killed_at_random_one_after_the_other_lose_and_double_nothing_that_was_kept_fault_26(int seed)
    {
        var random = new Random(seed);
        await _fixture.SubmitAsync();
        for (int life = 0; life < 4; life++)
            await _fixture.RunAsync(random.Next(2) == 0 ? FaultyMixBatch.KillAtEffect : FaultyMixBatch.KillAtStep, $"{random.Next(1, 30)}");
        await _fixture.FinishAsync();
    }

    [Fact]
    public async Task Document_that_kills_its_process_is_put_aside_and_the_others_are_answered_once_fault_21_43()
    {
        const int poison = 60;
        await _fixture.SubmitAsync();
        string length = $"{await _fixture.PromptLengthAsync(poison)}";
        int deaths = 0;
        while (deaths < 10 && await _fixture.RunAsync(FaultyMixBatch.KillAtPrompt, length) != 0)
            deaths++;

        Assert.Equal(5, deaths); // Twice among others, then three times alone.
        Assert.Contains("\"custom_id\":\"doc-060.txt\",\"response\":null,\"error\":{\"code\":\"poison_document\"", await _fixture.ReadAsync(FaultFixture.Artifacts.Errors), StringComparison.Ordinal);
        string[] calm = (await _fixture.CalmOutputAsync()).Split('\n');
        Assert.Equal(calm.Where((_, row) => row != poison), (await _fixture.ReadAsync(FaultFixture.Artifacts.Output)).Split('\n'));
    }
}
