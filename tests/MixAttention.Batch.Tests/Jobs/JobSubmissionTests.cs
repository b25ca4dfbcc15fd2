using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Submissions that die or meet others at every step: the job is one of them, whole, and nothing of the others stays in its way.</summary>
public sealed class JobSubmissionTests : IAsyncDisposable
{
    private const int MostSteps = 12;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly List<WorkerFixture> _fixtures = [];

    public static TheoryData<int, bool> Points
    {
        get
        {
            var points = new TheoryData<int, bool>();
            for (int step = 0; step < MostSteps; step++)
            {
                points.Add(step, false);
                points.Add(step, true);
            }

            return points;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var fixture in _fixtures)
            await fixture.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Submission_that_died_leaves_its_id_free_or_its_job_whole(int step, bool after)
    {
        var fixture = Create(documents: 6);
        var points = new CrashPoints { CrashAt = step, CrashesAfter = after };
        try
        {
            await fixture.SubmitAsync(points: points);
            Assert.True(points.Steps.Count <= step, "It did not die."); // Fewer steps than were thought of: nothing to see.
        }
        catch (CrashException)
        {
        }

        // Whoever submits again has other documents; where the first submission made a job of its own, it is taken up.
        Write(fixture, 6, 8);
        if (await JobManifest.ReadAsync(fixture.Store, fixture.Artifacts, Stop) is null)
            await fixture.SubmitAsync();
        else
            await fixture.AddAsync();
        await fixture.WorkAsync();
        Assert.Equal(await fixture.ReadCalmOutputAsync(), await fixture.ReadAsync(fixture.Artifacts.Output));
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Of_two_submissions_of_one_id_one_is_the_job_and_the_other_leaves_nothing(int step, bool runs)
    {
        var fixture = Create(documents: 6);
        JobPlan? second = null;
        var first = await MeetAsync(step, points => fixture.SubmitAsync(points: points), async () =>
        {
            // The second one sees more documents than the first one has listed.
            Write(fixture, 6, 8);
            second = await TryAsync(fixture.SubmitAsync());
            if (runs && second is not null)
                await fixture.WorkAsync();
        });
        Assert.True(first is null != second is null || second is null, "Both were taken, or neither.");
        int rows = (second ?? first)!.Rows;
        await AssertWholeAsync(fixture, rows);
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Of_two_that_add_to_a_job_one_does_and_the_other_leaves_nothing(int step, bool runs)
    {
        var fixture = Create(documents: 3);
        await fixture.SubmitAsync();
        Write(fixture, 3, 5);
        JobPlan? second = null;
        var first = await MeetAsync(step, fixture.AddAsync, async () =>
        {
            Write(fixture, 5, 8);
            second = await TryAsync(fixture.AddAsync());
            if (runs && second is not null)
                await fixture.WorkAsync();
        });
        Assert.True(first is not null || second is not null);
        await AssertWholeAsync(fixture, Math.Max(first?.Rows ?? 0, second?.Rows ?? 0));
    }

    [Fact]
    public async Task Plan_that_is_put_late_is_not_that_of_another_job_of_its_id()
    {
        var fixture = Create(documents: 3);
        await fixture.SubmitAsync();
        Write(fixture, 3, 5);
        var late = new CrashPoints
        {
            Before = async step =>
            {
                if (!step.Contains("plan/", StringComparison.Ordinal))
                    return;
                await new JobDeletion(fixture.Store, fixture.Queue).DeleteAsync(fixture.Artifacts.JobId, keepsOutputs: false, Stop);
                await fixture.SubmitAsync();
            },
        };
        await fixture.AddAsync(late);
        Assert.Single((await fixture.ReadPlanAsync()).Segments);
        Assert.Equal(5, (await fixture.ReadPlanAsync()).Rows);
    }

    /// <summary>Lets somebody else act before a step of a submission.</summary>
    /// <returns>The plan of the first one; null when it was refused.</returns>
    private static Task<JobPlan?> MeetAsync(int step, Func<CrashPoints, Task<JobPlan>> submit, Func<Task> meanwhile)
    {
        int steps = 0;
        return TryAsync(submit(new CrashPoints { Before = _ => steps++ == step ? meanwhile() : Task.CompletedTask }));
    }

    private static async Task<JobPlan?> TryAsync(Task<JobPlan> submission)
    {
        try
        {
            return await submission;
        }
        catch (BatchException e)
        {
            Assert.Matches("There is a job job_1 already|Somebody else is adding to job job_1", e.Message);
            return null;
        }
    }

    /// <summary>Runs what is open, and looks for one line a row and for listings that no plan names.</summary>
    private static async Task AssertWholeAsync(WorkerFixture fixture, int rows)
    {
        await fixture.WorkUntilIdleAsync();
        var plan = await fixture.ReadPlanAsync();
        Assert.Equal(rows, plan.Rows);
        string[] lines = (await fixture.ReadAsync(fixture.Artifacts.Output)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(rows, lines.Distinct().Count());
        Assert.Equal(
            plan.Segments.Select(s => fixture.Artifacts.Listing(s.Segment, s.ListingId)),
            await fixture.Store.ListAsync($"{fixture.Artifacts.Root}input/", Stop).Select(a => a.Name).ToListAsync(Stop));
        var known = await Listing.ReadAllAsync(fixture.Store, fixture.Artifacts, plan, Stop).Select(d => d.Row).ToListAsync(Stop);
        Assert.Equal(Enumerable.Range(0, rows), known);
    }

    private WorkerFixture Create(int documents)
    {
        var fixture = new WorkerFixture();
        _fixtures.Add(fixture);
        Write(fixture, 0, documents);
        return fixture;
    }

    private static void Write(WorkerFixture fixture, int from, int to)
    {
        for (int i = from; i < to; i++)
            fixture.Job.Folder.Write($"docs/doc-{i:00}.txt", $"w{i % 7} and {i} more");
    }
}
