using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Measures memory, which other tests would disturb.</summary>
[Collection(nameof(InputMemoryTests))]
public sealed class DocumentInputMemoryTests : IDisposable
{
    private const int Documents = 20_000;

    private readonly JobFixture _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public async Task Submission_and_resumption_keep_at_most_160_bytes_a_document_fault_40()
    {
        for (int i = 0; i < Documents; i++)
            _job.Folder.Write($"docs/{i / 1000}/a-document-with-a-rather-long-name-{i:00000}.txt", [(byte)'x']);
        var store = new FolderArtifactStore(_job.Folder["store"], TimeProvider.System);
        await using var queue = new SqliteJobQueue(_job.Folder["queue.db"], TimeSpan.FromMinutes(1), TimeProvider.System);
        var submission = new JobSubmission(store, queue, TimeProvider.System);
        long atEnd = 0;
        var finder = DocumentFinder.Find(new DocumentQuery { Inputs = [_job.Folder["docs"], "-"] });
        var input = new DocumentInput(finder, () => // Standard input comes last, when all documents have been walked through.
        {
            atEnd = GC.GetTotalMemory(forceFullCollection: true);
            return new MemoryStream("x"u8.ToArray());
        });

        long before = GC.GetTotalMemory(forceFullCollection: true);
        var plan = await submission.SubmitAsync(_job.Manifest with { JobId = "job_1" }, input, TestContext.Current.CancellationToken);
        Assert.Equal(Documents + 1, plan.Rows);
        Assert.InRange((atEnd - before) / (double)Documents, 0, 160);

        var manifest = await JobManifest.ReadAsync(store, new JobArtifacts("job_1"), TestContext.Current.CancellationToken);
        before = GC.GetTotalMemory(forceFullCollection: true);
        await submission.ResumeAsync(manifest!, _job.Manifest, input, TestContext.Current.CancellationToken);
        Assert.InRange((atEnd - before) / (double)Documents, 0, 160);
    }
}
