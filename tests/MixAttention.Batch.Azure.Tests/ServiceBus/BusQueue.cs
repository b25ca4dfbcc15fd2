using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Azure.ServiceBus;
using MixAttention.Batch.Azure.Tests.Broker;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>A queue of a test broker of its own, with a clock that tests move.</summary>
public sealed class BusQueue : QueueBackend
{
    private const string Name = "jobs";

    private readonly List<ServiceBusJobQueue> _opened = [];
    private readonly TestBroker _broker;
    private readonly BrokerQueue _queue;

    public BusQueue()
    {
        _broker = new TestBroker(Time);
        _queue = _broker.Declare(Name, new BrokerQueueSettings { LockDuration = QueueFixture.LockDuration, MaxDeliveryCount = 1000, DuplicateWindow = DuplicateWindow });
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(60));

    public override bool TellsLocked => false;

    public override TimeSpan DuplicateWindow => TimeSpan.FromDays(1); // Longer than any test; the service allows seven.

    public override IJobQueue Open()
    {
        var options = new ServiceBusQueueOptions { LockDuration = QueueFixture.LockDuration, LookTime = TimeSpan.FromMilliseconds(30) };
        var queue = ServiceBusJobQueue.OpenEmulator(new ServiceBusAddress("127.0.0.1", _broker.Port, Name), options, Time);
        _opened.Add(queue);
        return new PatientQueue(queue, IsEmptyAsync);
    }

    public override async Task SendRawAsync(string messageId, byte[] body)
    {
        await using var client = new ServiceBusClient(_broker.ConnectionString);
        await client.CreateSender(Name).SendMessageAsync(new ServiceBusMessage(body) { MessageId = messageId }, TestContext.Current.CancellationToken);
    }

    public override async ValueTask PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        await _broker.TickAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        // For who looks into a failure.
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Broker: {_queue.Ready} ready, {_queue.Locked} locked, {_queue.Scheduled} scheduled; {_queue.Deliveries} deliveries, {_queue.Releases} of them released, {string.Join('+', _opened.Select(q => q.Arrivals))} arrived; " +
            $"failures: {string.Join("; ", _broker.Failures)}; last requests of {_broker.Calls.Count}: {string.Join(' ', _broker.Calls.TakeLast(40).Select(c => c.Operation))}");
        await _broker.DisposeAsync();
        Assert.Empty(_broker.Failures);
    }

    // Nothing is ready, and nothing is on its way to a receiver.
    private Task<bool> IsEmptyAsync() => _broker.AskAsync(() => _queue.Ready == 0 && _queue.Deliveries - _queue.Releases == _opened.Sum(q => q.Arrivals));
}
