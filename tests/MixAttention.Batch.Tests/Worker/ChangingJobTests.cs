using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Jobs that grow, go, or are worked on by others while a worker knows them.</summary>
public sealed class ChangingJobTests : IAsyncDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly WorkerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Documents_that_others_add_and_run_before_the_last_known_part_is_put_are_in_the_results()
    {
        WriteDocuments(0, 4);
        await _fixture.SubmitAsync();
        bool isAdded = false;
        var points = new CrashPoints
        {
            Before = async step =>
            {
                if (isAdded || !step.EndsWith("part-00000.jsonl", StringComparison.Ordinal) || !step.StartsWith("PutIfAbsent outputs", StringComparison.Ordinal))
                    return;
                isAdded = true;
                WriteDocuments(4, 4);
                await AddAsync();
                Assert.Equal(4, await _fixture.WorkUntilIdleAsync());
                Assert.Null(await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop));
            },
        };
        await _fixture.WorkAsync(points);
        Assert.True(isAdded);
        var marker = await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal((2, 8), (marker!.Segments, marker.Succeeded));
    }

    [Fact]
    public async Task Job_that_was_deleted_and_submitted_anew_under_its_id_is_opened_anew()
    {
        WriteDocuments(0, 2);
        await _fixture.SubmitAsync();
        await using var engine = new EngineHost(_fixture.Job.Model, TimeProvider.System);
        var jobs = new OpenJobs(_fixture.Store, engine, TimeProvider.System);
        var first = await jobs.OpenAsync(_fixture.Artifacts.JobId, Stop);
        Assert.Same(first, await jobs.OpenAsync(_fixture.Artifacts.JobId, Stop));

        await new JobDeletion(_fixture.Store, _fixture.Queue).DeleteAsync(_fixture.Artifacts.JobId, keepsOutputs: false, Stop);
        Assert.Null(await jobs.OpenAsync(_fixture.Artifacts.JobId, Stop));
        _fixture.Job.Task = PromptTask.Ask(["Who?"]);
        await _fixture.SubmitAsync();
        Assert.Equal(["Who?"], (await jobs.OpenAsync(_fixture.Artifacts.JobId, Stop))!.Manifest.Task.Instructions);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Documents_that_are_added_to_a_job_that_has_ended_run(bool byDeadline)
    {
        WriteDocuments(0, 4);
        _fixture.Limits = byDeadline ? new JobLimits { Deadline = DateTimeOffset.UnixEpoch } : new JobLimits();
        await _fixture.SubmitAsync();
        if (!byDeadline)
            await new JobControl(0, EndReason.Cancelled).WriteAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal(0, await _fixture.WorkAsync());

        WriteDocuments(4, 3);
        await _fixture.AddAsync();
        Assert.Equal(3, await _fixture.WorkAsync());
        var marker = await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal((3, 4, byDeadline ? EndReason.Expired : EndReason.Cancelled), (marker!.Succeeded, marker.Failed, marker.Ended));
    }

    [Fact]
    public async Task Failures_count_whoever_ran_into_them()
    {
        WriteDocuments(0, 4);
        WriteEmptyDocuments(0, 4);
        (_fixture.Limits, _fixture.DocumentsPerShard) = (new JobLimits { MaxErrorRatio = 0.5 }, 2);
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        Assert.Null(await JobControl.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop));

        // Four have failed in the first worker, and two more do in the second one: more than half of ten.
        WriteEmptyDocuments(4, 2);
        await AddAsync();
        await _fixture.WorkAsync();
        Assert.Equal(EndReason.TooManyErrors, (await JobControl.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop))?.Reason);
    }

    private Task<JobPlan> AddAsync() => _fixture.AddAsync();

    private void WriteDocuments(int first, int count)
    {
        for (int i = first; i < first + count; i++)
            _fixture.Job.Folder.Write($"docs/doc-{i:00}.txt", $"w{i % 7} and more");
    }

    private void WriteEmptyDocuments(int first, int count)
    {
        for (int i = first; i < first + count; i++)
            _fixture.Job.Folder.Write($"docs/empty-{i}.txt", " ");
    }
}
