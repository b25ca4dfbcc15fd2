using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>What processes do that share a queue: arguments are a mode, the queue's file and the time in milliseconds.</summary>
internal static class QueueProcess
{
    public static async Task<int> RunAsync(string[] args)
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(args[2], CultureInfo.InvariantCulture)));
        try
        {
            await using var queue = new SqliteJobQueue(args[1], QueueFixture.LockDuration, time);
            await (args[0] switch
            {
                "drain" => DrainAsync(queue),
                "hold" => HoldAsync(queue),
                "churn" => ChurnAsync(queue),
                "fill" => FillAsync(queue),
                _ => throw new ArgumentException(args[0]),
            });
        }
        catch (QueueException e)
        {
            Report(e);
        }

        return 0;
    }

    private static async Task DrainAsync(SqliteJobQueue queue)
    {
        Console.WriteLine("ready");
        Console.ReadLine();
        while (await queue.ReceiveAsync(TimeSpan.Zero) is { } delivery)
        {
            Console.WriteLine(delivery.MessageId);
            await queue.CompleteAsync(delivery);
        }
    }

    private static async Task HoldAsync(SqliteJobQueue queue)
    {
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero);
        Console.WriteLine(delivery!.MessageId);
        Console.ReadLine();
        try
        {
            await queue.CompleteAsync(delivery);
        }
        catch (LockLostException)
        {
            Console.WriteLine("lock lost");
        }
    }

    private static async Task ChurnAsync(SqliteJobQueue queue)
    {
        for (int turn = 0; await queue.ReceiveAsync(TimeSpan.Zero) is { } delivery; turn++)
        {
            Console.WriteLine("settles");
            if (turn % 3 == 0)
            {
                await queue.CompleteAsync(delivery);
                Console.WriteLine(delivery.MessageId);
            }
            else if (turn % 3 == 1)
            {
                await queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: false);
            }
            else
            {
                await queue.PutAsideAsync(delivery, "reason", "cure");
            }
        }

        Console.WriteLine("end");
        Console.ReadLine();
    }

    private static async Task FillAsync(SqliteJobQueue queue)
    {
        int sent = 0;
        try
        {
            for (; ; sent++)
                await queue.SendAsync(QueueFixture.Message(sent) with { ModelName = new string('m', 3000) });
        }
        catch (QueueException e)
        {
            Report(e);
        }

        var counts = await queue.CountAsync();
        Console.WriteLine(counts.Ready == sent);
    }

    private static void Report(QueueException e)
    {
        Console.WriteLine(e.IsTransient);
        Console.WriteLine(e.Message);
    }
}
