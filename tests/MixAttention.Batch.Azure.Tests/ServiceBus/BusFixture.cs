using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Azure.ServiceBus;
using MixAttention.Batch.Azure.Tests.Broker;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>A broker with one queue, and what tests open on it.</summary>
internal sealed class BusFixture : IAsyncDisposable
{
    public const string Name = "jobs";

    private readonly List<IAsyncDisposable> _opened = [];

    /// <param name="settings">How the queue behaves.</param>
    /// <param name="time">The broker's clock; the machine's unless set.</param>
    public BusFixture(BrokerQueueSettings? settings = null, TimeProvider? time = null)
    {
        Broker = new TestBroker(time ?? TimeProvider.System);
        Queue = Broker.Declare(Name, settings ?? new BrokerQueueSettings());
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public TestBroker Broker { get; }

    public BrokerQueue Queue { get; }

    public ServiceBusAddress Address => new("127.0.0.1", Broker.Port, Name);

    /// <summary>Opens the queue as a worker does.</summary>
    public ServiceBusJobQueue Open(Func<ServiceBusQueueOptions, ServiceBusQueueOptions>? change = null, TimeProvider? time = null)
    {
        var options = new ServiceBusQueueOptions { LookTime = TimeSpan.FromMilliseconds(300), CallTimeout = TimeSpan.FromSeconds(2) };
        var queue = ServiceBusJobQueue.OpenEmulator(Address, (change ?? (o => o))(options), time ?? TimeProvider.System);
        _opened.Add(queue);
        return queue;
    }

    /// <summary>Opens the SDK's own client.</summary>
    public ServiceBusClient OpenClient()
    {
        var client = new ServiceBusClient(Broker.ConnectionString);
        _opened.Add(client);
        return client;
    }

    /// <summary>Sends one message and receives it.</summary>
    public async Task<(ServiceBusJobQueue Queue, JobDelivery Delivery)> ReceiveOneAsync(Func<ServiceBusQueueOptions, ServiceBusQueueOptions>? change = null)
    {
        var queue = Open(change);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        return (queue, (await queue.ReceiveAsync(TimeSpan.FromSeconds(20), Stop))!);
    }

    /// <summary>Looks at the broker's queue.</summary>
    public Task<T> AskAsync<T>(Func<BrokerQueue, T> question) => Broker.AskAsync(() => question(Queue));

    /// <summary>Waits until the broker's queue is so.</summary>
    public async Task UntilAsync(Func<BrokerQueue, bool> isSo)
    {
        while (!await AskAsync(isSo))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Stop);
    }

    /// <summary>Counts the requests of a kind so far.</summary>
    public int Count(string operation) => Broker.Calls.Count(c => c.Operation == operation);

    /// <summary>Makes the next requests of a kind go wrong.</summary>
    public void Fail(string operation, BrokerFault fault, int times = 1)
    {
        int left = times;
        Broker.Fault = call => call.Operation == operation && Interlocked.Decrement(ref left) >= 0 ? fault : BrokerFault.None;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _opened)
            await one.DisposeAsync();
        await Broker.DisposeAsync();
        Assert.Empty(Broker.Failures);
    }
}
