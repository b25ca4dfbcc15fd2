using Amqp.Framing;
using Amqp.Types;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>A request of a client.</summary>
/// <param name="Operation">What it wants: <c>attach</c>, <c>put-token</c>, <c>send</c>, a disposition in lower case, or the name of a management operation without its prefix.</param>
/// <param name="Queue">The queue's name.</param>
internal readonly record struct BrokerCall(string Operation, string Queue);

/// <summary>What goes wrong with a request.</summary>
internal enum BrokerFault
{
    None,

    /// <summary>It is refused because the service is busy.</summary>
    Busy,

    /// <summary>It is refused because the client may not.</summary>
    Unauthorized,

    /// <summary>It has no effect and no reply.</summary>
    Lost,

    /// <summary>It has its effect and no reply.</summary>
    ReplyLost,
}

/// <summary>Carries out requests, or what is to go wrong with them.</summary>
internal static class BrokerFaults
{
    public static readonly Symbol ServerBusy = "com.microsoft:server-busy";

    /// <summary>Carries out a request.</summary>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="effect">What the request does, and its reply.</param>
    /// <param name="refuse">Makes the reply of a refusal.</param>
    /// <param name="reply">Sends the reply.</param>
    public static void Carry<T>(BrokerFault fault, Func<T> effect, Func<Error, T> refuse, Action<T> reply)
    {
        switch (fault)
        {
            case BrokerFault.Lost:
                break;
            case BrokerFault.ReplyLost:
                effect();
                break;
            case BrokerFault.Busy:
                reply(refuse(new Error(ServerBusy) { Description = "The server is busy. Try again in ten seconds." }));
                break;
            case BrokerFault.Unauthorized:
                reply(refuse(new Error(Amqp.ErrorCode.UnauthorizedAccess) { Description = "The token does not allow it." }));
                break;
            default:
                reply(effect());
                break;
        }
    }
}
