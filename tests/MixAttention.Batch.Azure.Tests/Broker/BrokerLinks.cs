using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using Amqp.Types;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>A link through which a client sends.</summary>
internal sealed class SendingLink(TestBroker broker, BrokerQueue queue) : LinkEndpoint
{
    private const uint BatchFormat = 0x80013700; // Each data section is a message of its own.

    public override void OnMessage(MessageContext messageContext) => broker.Post(() => BrokerFaults.Carry(
        broker.Decide("send", queue.Name),
        () => Enqueue(messageContext.Message),
        error => error,
        error =>
        {
            if (error is null)
                messageContext.Complete();
            else
                messageContext.Complete(error);
        }));

    public override void OnFlow(FlowContext flowContext)
    {
    }

    public override void OnDisposition(DispositionContext dispositionContext)
    {
    }

    private Error? Enqueue(Message message)
    {
        try
        {
            foreach (var one in Split(message))
                queue.Enqueue(one);
        }
        catch (AmqpException e)
        {
            return e.Error;
        }

        broker.Deliver(queue);
        return null;
    }

    private static IEnumerable<Message> Split(Message message)
    {
        if (message.Format != BatchFormat)
            return [message];
        var parts = message.Body is Data[] many ? many.Select(d => d.Binary) : [(byte[])message.Body]; // The library unwraps one section alone.
        return parts.Select(p => Message.Decode(new ByteBuffer(p, 0, p.Length, p.Length)));
    }
}

/// <summary>A link through which a client receives.</summary>
/// <param name="link">The link.</param>
internal sealed class ReceivingLink(TestBroker broker, BrokerQueue queue, ListenerLink link) : LinkEndpoint
{
    private static readonly Symbol DeadLetter = "com.microsoft:dead-letter";

    public BrokerQueue Queue => queue;

    public ListenerLink Link => link;

    /// <summary>Gets or sets how many more messages the client takes. The library's own count is zeroed whenever a client sends no more credit.</summary>
    public int Credit { get; set; }

    public bool IsClosed { get; set; }

    public override void OnFlow(FlowContext flowContext)
    {
        int more = flowContext.Messages;
        broker.Post(() =>
        {
            Credit = more > 0 && !link.IsDraining ? Credit + more : 0;
            if (link.IsDraining)
                link.CompleteDrain();
            broker.Deliver(queue);
        });
    }

    public override void OnMessage(MessageContext messageContext)
    {
    }

    public override void OnDisposition(DispositionContext dispositionContext)
    {
        if (dispositionContext.Message is not LockedMessage message || (dispositionContext.DeliveryState is Released && link.IsClosed))
            return; // When a link dies the library releases what it brought; the service keeps those locks until they run out.
        var (how, changes) = Read(dispositionContext.DeliveryState);
        bool wantsReply = !dispositionContext.Settled;
        broker.Post(() =>
        {
            BrokerFaults.Carry(
                broker.Decide(TestBroker.NameOf(how), queue.Name),
                () => queue.Settle(message.LockToken, how, changes, isGone: null),
                error => error,
                error =>
                {
                    // Accepted also answers a rejection: clients take a rejection that comes back for a failure.
                    if (wantsReply)
                        link.DisposeMessage(message, error is null ? new Accepted() : new Rejected { Error = error }, true);
                });
            broker.Deliver(queue);
        });
    }

    private static (Disposition How, Map? Changes) Read(DeliveryState state) => state switch
    {
        Accepted => (Disposition.Complete, null),
        Modified modified => (Disposition.Abandon, modified.MessageAnnotations),
        Rejected { Error: { } error } when error.Condition.Equals(DeadLetter) => (Disposition.DeadLetter, error.Info),
        Rejected => (Disposition.DeadLetter, null),
        _ => (Disposition.Release, null),
    };
}

/// <summary>Hands requests to the broker's loop.</summary>
/// <remarks>The library loses credit where messages are settled on another thread than its own, so clients get more at once than any test uses.</remarks>
internal sealed class Requests(Action<RequestContext> process) : IRequestProcessor
{
    public const int Plenty = 1_000_000;

    public int Credit => Plenty;

    public void Process(RequestContext requestContext) => process(requestContext);
}
