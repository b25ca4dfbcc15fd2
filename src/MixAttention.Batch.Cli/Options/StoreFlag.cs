using System.CommandLine;
using Azure.Identity;
using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Azure.ServiceBus;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Output;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say where jobs lie: --store, --queue and --emulator, else MIXBATCH_STORE, MIXBATCH_QUEUE and MIXBATCH_EMULATOR.</summary>
internal sealed class StoreFlag
{
    private const string StoreVariable = "MIXBATCH_STORE";
    private const string QueueVariable = "MIXBATCH_QUEUE";
    private const string EmulatorVariable = "MIXBATCH_EMULATOR";
    private const string SqliteScheme = "sqlite:";

    private readonly Option<string?> _store = new("--store")
    {
        Description = $"Where jobs lie: a folder, or https://ACCOUNT.blob.core.windows.net/CONTAINER[/FOLDER]; {StoreVariable} unless given. A run's is OUT/.mixbatch.",
        HelpName = "PLACE",
    };

    private readonly Option<string?> _queue = new("--queue")
    {
        Description = $"The jobs' queue: sqlite:FILE, or sb://NAMESPACE.servicebus.windows.net/QUEUE; {QueueVariable} unless given, else queue.db in the store's folder.",
        HelpName = "PLACE",
    };

    private readonly Option<bool> _emulator = new("--emulator") { Description = $"Take http:// and sb:// addresses of this machine, which are reached without an identity; {EmulatorVariable}=true unless given." };

    public void AddTo(Command command)
    {
        command.Add(_store);
        command.Add(_queue);
        command.Add(_emulator);
    }

    /// <summary>Gets the place, which need not exist yet.</summary>
    /// <exception cref="BatchException">Nobody has named one, or an address is none.</exception>
    public JobPlace Read(ParseResult result, CliHost host)
    {
        if ((result.GetValue(_store) ?? host.ReadVariable(StoreVariable)) is not { Length: > 0 } store)
            throw BatchException.Usage($"There is no --store. Name the folder of the jobs' store and queue, or set {StoreVariable}.");
        bool takesEmulators = result.GetValue(_emulator) || host.ReadVariable(EmulatorVariable) == "true";
        var blobs = ReadBlobs(store, takesEmulators);
        var folder = blobs is null ? new JobFolder(store) : null;
        string? queue = result.GetValue(_queue) ?? host.ReadVariable(QueueVariable);
        var bus = ReadBus(queue, takesEmulators);
        if (bus is null && queue?.StartsWith(SqliteScheme, StringComparison.Ordinal) == false)
            throw BatchException.Usage($"--queue {Shown(queue)} is no queue. Give {SqliteScheme}FILE or sb://NAMESPACE.servicebus.windows.net/QUEUE.");
        string? file = queue is null ? folder?.Queue : queue[Math.Min(SqliteScheme.Length, queue.Length)..];
        return bus is null && string.IsNullOrEmpty(file)
            ? throw BatchException.Usage($"There is no --queue. Name the queue of the store {blobs}: sb://NAMESPACE.servicebus.windows.net/QUEUE or {SqliteScheme}FILE, or set {QueueVariable}.")
            : new JobPlace(blobs?.ToString() ?? store, folder, blobs, file, bus);
    }

    /// <summary>Gets a place that holds jobs, as far as that can be told without asking a cloud.</summary>
    /// <exception cref="BatchException">It does not.</exception>
    public JobPlace ReadExisting(ParseResult result, CliHost host)
    {
        var place = Read(result, host);
        return place.Folder is null || Directory.Exists(place.Folder.Store)
            ? place
            : throw BatchException.Usage($"{place.Path} holds no jobs. Name the --store of submit, or OUT/{StateFolder.Name} of a run.");
    }

    private static BlobAddress? ReadBlobs(string store, bool takesEmulators)
    {
        if (BlobAddress.TryParse(store, out var address))
            return address.IsEmulator && !takesEmulators ? throw NoEmulator("--store", store) : address;
        return store.Contains("://", StringComparison.Ordinal) || store.Contains("AccountKey=", StringComparison.OrdinalIgnoreCase)
            ? throw BatchException.Usage($"--store {Shown(store)} is no store. Give a folder or https://ACCOUNT.blob.core.windows.net/CONTAINER[/FOLDER]; keys and signatures are not taken: mixbatch signs in by its identity.")
            : null;
    }

    private static ServiceBusAddress? ReadBus(string? queue, bool takesEmulators)
    {
        if (queue is not null && ServiceBusAddress.TryParse(queue, out var address))
            return address.IsEmulator && !takesEmulators ? throw NoEmulator("--queue", queue) : address;
        return queue?.StartsWith("Endpoint=", StringComparison.OrdinalIgnoreCase) == true
            ? throw BatchException.Usage("--queue is a connection string. Give sb://NAMESPACE.servicebus.windows.net/QUEUE: keys are not taken, mixbatch signs in by its identity.")
            : null;
    }

    private static BatchException NoEmulator(string option, string address) =>
        BatchException.Usage($"{option} {address} is this machine, which is reached without an identity. If an emulator is meant, add --emulator.");

    // What follows may be a key.
    private static string Shown(string address) => address.Split('?', ';', '@')[0];
}

/// <summary>Where jobs lie: a store and a queue.</summary>
/// <param name="Path">What the store is called.</param>
/// <param name="Folder">The folder of the store; null where it is in a cloud.</param>
/// <param name="Blobs">The store in a cloud.</param>
/// <param name="QueueFile">The file of the queue; null where it is in a cloud.</param>
/// <param name="Bus">The queue in a cloud.</param>
internal sealed record JobPlace(string Path, JobFolder? Folder, BlobAddress? Blobs, string? QueueFile, ServiceBusAddress? Bus)
{
    /// <summary>Takes a folder with its store and its queue.</summary>
    public static JobPlace OfFolder(string path) => new(path, new JobFolder(path), Blobs: null, new JobFolder(path).Queue, Bus: null);

    /// <summary>Opens the store.</summary>
    public IArtifactStore OpenStore(CliHost host) => Blobs switch
    {
        null => host.OpenStore(Folder!.Store, host.Time), // The store is one of the two.
        { IsEmulator: true } => OpenEmulator(Blobs, host),
        _ => BlobArtifactStore.Open(Blobs, new DefaultAzureCredential(), new BlobStoreOptions(), host.Time),
    };

    // An emulator begins empty; in a cloud the container is for whoever sets it up.
    private static BlobArtifactStore OpenEmulator(BlobAddress address, CliHost host)
    {
        var store = BlobArtifactStore.OpenEmulator(address, new BlobStoreOptions(), host.Time);
        store.CreateContainerAsync().GetAwaiter().GetResult();
        return store;
    }

    /// <summary>Opens the queue.</summary>
    /// <param name="host">The process's edges.</param>
    /// <param name="lockDuration">How long its locks last; null for a command that takes nothing from it.</param>
    public IJobQueue OpenQueue(CliHost host, TimeSpan? lockDuration = null)
    {
        var options = new ServiceBusQueueOptions { LockDuration = lockDuration ?? TimeSpan.FromMinutes(1) };
        return Bus switch
        {
            null => host.OpenQueue(QueueFile!, options.LockDuration, host.Time), // The queue is one of the two.
            { IsEmulator: true } => ServiceBusJobQueue.OpenEmulator(Bus, options, host.Time),
            _ => ServiceBusJobQueue.Open(Bus, new DefaultAzureCredential(), options, host.Time),
        };
    }
}
