using System.Text;
using System.Text.Json.Serialization.Metadata;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Shards;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Holds the text of every contract: what one version writes, later ones must read or refuse.</summary>
public sealed class ContractTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch.AddDays(20000);

    private static readonly JobManifest Manifest = new()
    {
        JobId = "job_1",
        PlanId = "a1",
        CreatedAt = Time,
        Input = new JobInput(JobInput.Documents, 1000),
        Task = PromptTask.Ask(["Who?", "Où?"]),
        Sampling = new SamplingParams { MaxTokens = 5, Stop = ["\n"], LogitBias = new Dictionary<int, double> { [7] = -1.5 }, TopLogprobs = 2 },
        ModelName = "demo",
        Limits = new JobLimits { MaxErrorRatio = 0.1, Deadline = Time.AddDays(1) },
    };

    private static readonly Sample[] Samples =
    [
        Sample.Of("manifest.json", JobManifest.CurrentSchema, Manifest with { Fingerprint = JobFingerprint.Of(Manifest) }, ContractJson.Default.JobManifest),
        Sample.Of("manifest-lines.json", JobManifest.CurrentSchema, Manifest with { Input = new JobInput(JobInput.DocumentLines, 1000) { Fields = new DocumentFields("key", "body"), MaxTokens = 9 }, Fingerprint = "f1" }, ContractJson.Default.JobManifest),
        Sample.Of("control.json", JobControl.CurrentSchema, new JobControl(2, EndReason.TooManyErrors), ContractJson.Default.JobControl),
        Sample.Of("plan.json", ShardPlan.CurrentSchema, new ShardPlan { Segment = 1, ListingId = "a2", IsRetry = true, Run = 1, Shards = [new PlannedShard(3, 0, 120, 4, 16, 2048), new PlannedShard(4, 120, 60, 1, 9, 5)] }, ContractJson.Default.ShardPlan),
        Sample.Of("listing.json", null, new ListedDocument(16, "a/b.txt", 12, ["texts/a/b.txt.txt"]) { Path = "/docs/a/b.txt", Modified = Time, Sha256 = "d1", Instructions = [0] }, ContractJson.Default.ListedDocument),
        Sample.Of("listing-line.json", null, new ListedDocument(3, "request-3", 40, []) { Artifact = "jobs/job_1/input/0000.a1.lines.jsonl", Offset = 123, Sha256 = "d1" }, ContractJson.Default.ListedDocument),
        Sample.Of("state.json", ShardState.CurrentSchema, new ShardState { Shard = 3, Generation = 2, Owner = "host:1:a", Status = ShardStatus.Done, Crashes = 1, Suspects = [new SuspectRow(7, 2, 1)], Counts = new ShardCounts(63, 1), PartSha256 = "d2" }, ContractJson.Default.ShardState),
        Sample.Of("checkpoint.json", CheckpointHeader.CurrentSchema, new CheckpointHeader { Fingerprint = "f1", Started = [1, 2], IsAlone = true, IsDrained = true, Finished = 2, Calls = 1 }, ContractJson.Default.CheckpointHeader),
        Sample.Of("call.json", null, new CallLine(7, "map-00001", "So.", true, 90, 5), ContractJson.Default.CallLine),
        Sample.Of("numerics.json", Numerics.CurrentSchema, new Numerics { ModelDigest = "d1", TokenizerDigest = "d2", TemplateDigest = "d3", Device = "cpu", Precision = "auto", ChunkTokens = 512, TrimPrefill = true, NumericsVersion = "1 CPU" }, ContractJson.Default.Numerics),
        Sample.Of("committed.json", CommittedMarker.CurrentSchema, new CommittedMarker { JobId = "job_1", Fingerprint = "f1", Segments = 2, Ended = EndReason.Expired, CompletedAt = Time, Succeeded = 9, Failed = 1, PromptTokens = 100, CompletionTokens = 20, OutputSha256 = "d1", ErrorsSha256 = "d2" }, ContractJson.Default.CommittedMarker),
    ];

    public static TheoryData<string> Names => [.. Samples.Select(s => s.Name)];

    public static TheoryData<string> VersionedNames => [.. Samples.Where(s => s.Schema is not null).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Contract_has_the_text_that_was_agreed(string name) => Assert.Equal(ReadGolden(name), Encoding.UTF8.GetString(Find(name).Write()));

    [Theory]
    [MemberData(nameof(Names))]
    public void Contract_is_read_whole(string name) => Assert.Equal(ReadGolden(name), Encoding.UTF8.GetString(Find(name).Rewrite(Encoding.UTF8.GetBytes(ReadGolden(name)))));

    [Theory]
    [MemberData(nameof(VersionedNames))]
    public void Other_version_is_refused_with_a_cure(string name)
    {
        var sample = Find(name);
        string other = ReadGolden(name).Replace(sample.Schema!, sample.Schema![..^1] + "2", StringComparison.Ordinal).Replace("{", "{\"new_field\":1,", StringComparison.Ordinal);
        var refused = Assert.Throws<ContractException>(() => sample.Rewrite(Encoding.UTF8.GetBytes(other)));
        Assert.Contains($"{name} is of the contract '{sample.Schema[..^1]}2', and this version of mixbatch reads {sample.Schema} alone. Use the version that made the job", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(VersionedNames))]
    public void Damaged_contract_is_refused(string name)
    {
        var sample = Find(name);
        string golden = ReadGolden(name);
        string[] damaged = ["", "null", "[]", "{}", golden[..^1], golden.Insert(1, "\"unknown\":1,"), golden.Insert(1, $"\"schema\":\"{sample.Schema}\",")];
        Assert.All(damaged, text => Assert.Throws<ContractException>(() => sample.Rewrite(Encoding.UTF8.GetBytes(text))));
    }

    private static Sample Find(string name) => Samples.Single(s => s.Name == name);

    private static string ReadGolden(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Contracts", "v1", name)).TrimEnd('\n');

    private sealed record Sample(string Name, string? Schema, Func<byte[]> Write, Func<byte[], byte[]> Rewrite)
    {
        public static Sample Of<T>(string name, string? schema, T value, JsonTypeInfo<T> type) => new(
            name,
            schema,
            () => ContractJson.Write(value, type),
            json => ContractJson.Write(schema is null ? System.Text.Json.JsonSerializer.Deserialize(json, type)! : ContractJson.Read(json, schema, type, name), type));
    }
}
