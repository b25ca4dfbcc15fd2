using System.CommandLine;
using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Azure.ServiceBus;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Tests.Options;

public sealed class StoreFlagTests
{
    private const string Blobs = "https://jobs.blob.core.windows.net/batch";
    private const string Bus = "sb://jobs.servicebus.windows.net/batch";
    private const string Emulator = "http://127.0.0.1:10000/devstoreaccount1/batch";

    private readonly Dictionary<string, string> _variables = [];

    private CliHost Host => new() { Output = TextWriter.Null, Error = TextWriter.Null, ReadVariable = name => _variables.GetValueOrDefault(name) };

    [Fact]
    public async Task Folder_has_store_and_queue()
    {
        var place = Read("--store", "jobs");
        Assert.Equal(("jobs", "jobs/queue.db"), (place.Path, place.QueueFile));
        Assert.IsType<FolderArtifactStore>(place.OpenStore(Host));
        await using var queue = place.OpenQueue(Host);
        Assert.IsType<SqliteJobQueue>(queue);
    }

    [Fact]
    public async Task Store_and_queue_of_a_cloud_are_opened_and_any_combination_is_possible()
    {
        Assert.IsType<BlobArtifactStore>(Read("--store", Blobs, "--queue", Bus).OpenStore(Host));
        await using var bus = Read("--store", "jobs", "--queue", Bus).OpenQueue(Host);
        Assert.IsType<ServiceBusJobQueue>(bus);
        Assert.Equal("q.db", Read("--store", Blobs, "--queue", "sqlite:q.db").QueueFile);
        Assert.True(Read("--store", Emulator, "--queue", "sb://127.0.0.1:5672/batch", "--emulator") is { Blobs.IsEmulator: true, Bus.IsEmulator: true });
    }

    [Fact]
    public void Environment_stands_in_for_options()
    {
        _variables["MIXBATCH_STORE"] = Emulator;
        _variables["MIXBATCH_QUEUE"] = Bus;
        _variables["MIXBATCH_EMULATOR"] = "true";
        var place = Read();
        Assert.Equal((Emulator, "jobs.servicebus.windows.net"), (place.Path, place.Bus!.Host));
        Assert.Equal("other", Read("--store", "other").Path);
    }

    [Theory]
    [InlineData("There is no --store.", "--queue", Bus)]
    [InlineData("There is no --queue. Name the queue of the store https://jobs.blob.core.windows.net/batch", "--store", Blobs)]
    [InlineData("keys and signatures are not taken", "--store", "https://jobs.blob.core.windows.net/batch?sig=secret")]
    [InlineData("keys and signatures are not taken", "--store", "DefaultEndpointsProtocol=https;AccountName=jobs;AccountKey=secret")]
    [InlineData("--queue is a connection string.", "--store", "jobs", "--queue", "Endpoint=sb://jobs.servicebus.windows.net/;SharedAccessKey=secret")]
    [InlineData("is no queue. Give sqlite:FILE or sb://", "--store", "jobs", "--queue", "amqp://jobs")]
    [InlineData("If an emulator is meant, add --emulator", "--store", Emulator, "--queue", Bus)]
    [InlineData("If an emulator is meant, add --emulator", "--store", "jobs", "--queue", "sb://127.0.0.1:5672/batch")]
    public void What_is_no_place_is_refused_without_showing_a_key(string message, params string[] arguments)
    {
        var error = Assert.Throws<BatchException>(() => Read(arguments));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private JobPlace Read(params string[] arguments)
    {
        var flag = new StoreFlag();
        var command = new RootCommand();
        flag.AddTo(command);
        return flag.Read(command.Parse(arguments), Host);
    }
}
