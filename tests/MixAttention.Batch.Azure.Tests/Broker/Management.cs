using System.Collections;
using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>Answers the requests that clients send to a queue's <c>$management</c> node.</summary>
internal sealed class Management(TestBroker broker, BrokerQueue queue)
{
    private const string Prefix = "com.microsoft:";

    /// <summary>Reads the name of an operation without its prefix.</summary>
    public static string OperationOf(Message request) => ((string)request.ApplicationProperties["operation"])[Prefix.Length..];

    /// <summary>Carries out a request.</summary>
    public Message Answer(Message request)
    {
        try
        {
            var body = (Map)request.Body;
            return OperationOf(request) switch
            {
                "renew-lock" => Renew(body),
                "update-disposition" => Settle(body),
                "schedule-message" => Schedule(body),
                "cancel-scheduled-message" => CancelScheduled(body),
                "peek-message" => Peek(body),
                var other => Refuse(new Error(ErrorCode.NotImplemented) { Description = $"The test broker knows no {other}." }),
            };
        }
        catch (AmqpException e)
        {
            return Refuse(e.Error);
        }
    }

    /// <summary>Makes the reply of a refusal.</summary>
    public static Message Refuse(Error error)
    {
        int status = error.Condition switch
        {
            var c when c.Equals(BrokerQueue.LockLost) => 410,
            var c when c.Equals(BrokerFaults.ServerBusy) => 503,
            var c when c.Equals((Symbol)ErrorCode.UnauthorizedAccess) => 401,
            var c when c.Equals((Symbol)ErrorCode.NotImplemented) => 501,
            _ => 400,
        };
        var reply = Reply("statusCode", status, "statusDescription", error.Description);
        reply.ApplicationProperties["errorCondition"] = error.Condition;
        return reply;
    }

    /// <summary>Makes a reply without content; nodes name the status each in its way.</summary>
    public static Message Reply(string statusName, int status, string descriptionName, string description) =>
        new() { Properties = new Properties(), ApplicationProperties = new ApplicationProperties { [statusName] = status, [descriptionName] = description } };

    private static Message Ok(Map content)
    {
        var reply = Reply("statusCode", 200, "statusDescription", "OK");
        reply.BodySection = new AmqpValue { Value = content };
        return reply;
    }

    private Message Renew(Map body)
    {
        var until = new List<DateTime>();
        foreach (var token in (Guid[])body["lock-tokens"])
        {
            if (queue.Renew(token) is not { } end)
                return Refuse(new Error(BrokerQueue.LockLost) { Description = "The lock supplied is invalid." });
            until.Add(end);
        }

        return Ok(new Map { ["expirations"] = until.ToArray() });
    }

    private Message Settle(Map body)
    {
        var how = (string)body["disposition-status"] switch
        {
            "completed" => Disposition.Complete,
            "abandoned" => Disposition.Abandon,
            "suspended" => Disposition.DeadLetter,
            var other => throw new AmqpException(ErrorCode.NotImplemented, other),
        };
        var changes = body["properties-to-modify"] as Map ?? [];
        foreach (var (property, argument) in new[] { ("DeadLetterReason", "deadletter-reason"), ("DeadLetterErrorDescription", "deadletter-description") })
        {
            if (body[argument] is { } text)
                changes[property] = text;
        }

        foreach (var token in (Guid[])body["lock-tokens"])
        {
            if (queue.Settle(token, how, changes, isGone: holder => ((ReceivingLink)holder).IsClosed) is { } error)
                return Refuse(error);
        }

        broker.Deliver(queue);
        return Ok([]);
    }

    private Message Schedule(Map body)
    {
        long[] numbers = [.. ((IList)body["messages"]).Cast<Map>().Select(m => queue.Enqueue(Decode((byte[])m["message"])))];
        broker.Deliver(queue);
        return Ok(new Map { ["sequence-numbers"] = numbers });
    }

    private Message CancelScheduled(Map body)
    {
        foreach (long number in (long[])body["sequence-numbers"])
            queue.CancelScheduled(number);
        return Ok([]);
    }

    private Message Peek(Map body)
    {
        var found = queue.Peek((long)body["from-sequence-number"], (int)body["message-count"]).Select(m => new Map { ["message"] = Encode(m) }).ToList();
        return found.Count == 0 ? Reply("statusCode", 204, "statusDescription", "No content") : Ok(new Map { ["messages"] = found });
    }

    private static Message Decode(byte[] bytes) => Message.Decode(new ByteBuffer(bytes, 0, bytes.Length, bytes.Length));

    private static byte[] Encode(Message message)
    {
        var bytes = message.Encode();
        return bytes.Buffer.AsSpan(bytes.Offset, bytes.Length).ToArray();
    }
}
