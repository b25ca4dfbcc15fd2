using System.Globalization;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>A test broker as a process of its own: arguments are the port (0 for any), and the names of its queues (<c>jobs</c> unless given).</summary>
/// <remarks>
/// It writes <c>ready PORT</c> and then obeys one line each: <c>cut</c> resets all connections, <c>detach</c> detaches all receivers, <c>counts QUEUE</c> writes how many messages are ready, locked,
/// scheduled, dead and completed. It ends with its standard input.
/// </remarks>
internal static class BrokerProcess
{
    public static async Task<int> RunAsync(string[] args)
    {
        int port = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;
        await using var broker = new TestBroker(TimeProvider.System, port > 0 ? port : null);
        string[] names = args.Length > 1 ? args[1..] : ["jobs"];
        var settings = new BrokerQueueSettings { LockDuration = TimeSpan.FromSeconds(30), MaxDeliveryCount = 50, DuplicateWindow = TimeSpan.FromMinutes(10) };
        var queues = names.Select(n => broker.Declare(n, settings)).ToDictionary(q => q.Name);
        Console.WriteLine($"ready {broker.Port}");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["cut"]:
                    broker.Cut();
                    break;
                case ["detach"]:
                    await Task.WhenAll(queues.Values.Select(q => broker.DetachAsync(q, "amqp:link:detach-forced")));
                    break;
                case ["counts", var name] when queues.TryGetValue(name, out var queue):
                    Console.WriteLine(await broker.AskAsync(() => $"{queue.Ready} {queue.Locked} {queue.Scheduled} {queue.DeadLetters!.Ready} {queue.Completed}")); // A declared queue has one.
                    break;
                default:
                    Console.WriteLine($"unknown: {line}");
                    break;
            }
        }

        return 0;
    }
}
