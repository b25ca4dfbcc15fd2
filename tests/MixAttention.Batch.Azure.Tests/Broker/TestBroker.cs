using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Amqp;
using Amqp.Framing;
using Amqp.Handler;
using Amqp.Listener;
using Amqp.Sasl;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>Speaks AMQP as Service Bus does, strictly: locks run out by a clock, tokens are new at each delivery, and whatever may go wrong does so on demand.</summary>
/// <remarks>
/// <para>Plain TCP on this machine. Not there: sessions, deferral, transactions, topics, TLS, identities (every token is taken unless a fault says otherwise).</para>
/// <para>All state is touched on one loop: the library calls back under a lock of its own, so callbacks only post to it.</para>
/// </remarks>
internal sealed class TestBroker : IHandler, ILinkProcessor, IAsyncDisposable
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(20);

    private readonly ContainerHost _host;
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, BrokerQueue> _queues = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<BrokerQueue, List<ReceivingLink>> _receivers = [];
    private readonly ConcurrentDictionary<Connection, Socket> _sockets = new();
    private readonly TimeProvider _time;
    private readonly ITimer _ticks;
    private readonly Task _loop;
    private int _connections;
    private long _lastNumber;

    /// <summary>Starts a broker.</summary>
    /// <param name="time">The clock of locks, schedules and duplicates. Who moves it calls <see cref="TickAsync"/> then.</param>
    /// <param name="port">Where; any free port unless set.</param>
    public TestBroker(TimeProvider time, int? port = null)
    {
        _time = time;
        Port = port ?? FindPort();
        _host = new ContainerHost(new Address($"amqp://127.0.0.1:{Port}")) { AddressResolver = (_, attach) => NameOf(attach) };
        var listener = _host.Listeners[0];
        listener.SASL.EnableMechanism("MSSBCBS", SaslProfile.Anonymous); // What clients of the service ask for; the token comes later.
        listener.SASL.EnableAnonymousMechanism = true;
        listener.HandlerFactory = _ => this;
        listener.AMQP.MaxSessionsPerConnection = 4096;
        listener.AMQP.MaxFrameSize = 64 * 1024;
        listener.AMQP.IdleTimeout = 60_000;
        _host.RegisterRequestProcessor("$cbs", new Requests(request => Post(() => PutToken(request))));
        _host.RegisterLinkProcessor(this);
        _loop = Task.Run(LoopAsync);
        _ticks = TimeProvider.System.CreateTimer(_ => Post(Tick), null, TickPeriod, TickPeriod);
        _host.Open();
    }

    public int Port { get; }

    public string ConnectionString => $"Endpoint=sb://127.0.0.1:{Port};SharedAccessKeyName=emulator;SharedAccessKey=none;UseDevelopmentEmulator=true";

    /// <summary>Gets how many connections were opened.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Gets all requests so far, those among them that went wrong.</summary>
    public ConcurrentQueue<BrokerCall> Calls { get; } = new();

    /// <summary>Gets what the broker itself did wrong: nothing, when all is well.</summary>
    public ConcurrentQueue<Exception> Failures { get; } = new();

    /// <summary>Gets or sets what decides which requests go wrong; runs on any thread.</summary>
    public Func<BrokerCall, BrokerFault>? Fault { get; set; }

    /// <summary>Gets or sets whether messages are withheld although clients wait for them: a receiver that the service has forgotten.</summary>
    public bool WithholdsMessages { get; set; }

    /// <summary>Gets what a disposition is called among the requests.</summary>
    public static string NameOf(Disposition how) => how switch
    {
        Disposition.Complete => "complete",
        Disposition.Abandon => "abandon",
        Disposition.Release => "release",
        _ => "dead-letter",
    };

    /// <summary>Makes a queue, and one for its dead letters.</summary>
    public BrokerQueue Declare(string name, BrokerQueueSettings settings)
    {
        var dead = new BrokerQueue(name + "/$DeadLetterQueue", settings with { DuplicateWindow = null, MaxMessages = int.MaxValue }, NextNumber, _time, null);
        var queue = new BrokerQueue(name, settings, NextNumber, _time, dead);
        foreach (var one in new[] { queue, dead })
        {
            _queues[one.Name] = one;
            var management = new Management(this, one);
            _host.RegisterRequestProcessor(one.Name + "/$management", new Requests(request => Post(() => Manage(request, one, management))));
        }

        return queue;
    }

    /// <summary>Runs something on the loop.</summary>
    public void Post(Action work) => _work.Writer.TryWrite(work);

    /// <summary>Looks at state on the loop.</summary>
    public Task<T> AskAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(question());
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }
        });
        return answer.Task;
    }

    /// <summary>Does what the clock says, now.</summary>
    public Task TickAsync() => AskAsync(() =>
    {
        Tick();
        return true;
    });

    /// <summary>Counts a request and decides what goes wrong with it; on any thread.</summary>
    public BrokerFault Decide(string operation, string queue)
    {
        var call = new BrokerCall(operation, queue);
        Calls.Enqueue(call);
        return Fault?.Invoke(call) ?? BrokerFault.None;
    }

    /// <summary>Resets every TCP connection: what a network does when it fails.</summary>
    public void Cut()
    {
        foreach (var socket in _sockets.Values)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            catch (ObjectDisposedException)
            {
                // It closed by itself.
            }
        }
    }

    /// <summary>Closes every connection with an error, as the service does when it moves.</summary>
    public void CloseConnections(string condition)
    {
        foreach (var connection in _sockets.Keys)
            connection.CloseAsync(TimeSpan.Zero, new Error(condition) { Description = "The test closes the connection." });
    }

    /// <summary>Detaches the receivers of a queue with an error.</summary>
    public Task DetachAsync(BrokerQueue queue, string condition) => AskAsync(() =>
    {
        var links = _receivers.GetValueOrDefault(queue, []).ToList();
        foreach (var receiver in links)
            receiver.Link.CloseAsync(TimeSpan.Zero, new Error(condition) { Description = "The test detaches the link." });
        return links.Count;
    });

    /// <summary>Sends ready messages to receivers that take some, in turns; on the loop.</summary>
    public void Deliver(BrokerQueue queue)
    {
        if (queue.DeadLetters is { Ready: > 0 } dead)
            Deliver(dead);
        var receivers = _receivers.GetValueOrDefault(queue, []);
        while (!WithholdsMessages && receivers.FirstOrDefault(r => r is { Credit: > 0, IsClosed: false }) is { } receiver && queue.LockNext(receiver) is { } message)
        {
            receivers.Remove(receiver);
            receivers.Add(receiver);
            try
            {
                receiver.Credit--;
                receiver.Link.SendMessage(message.Write());
            }
            catch (AmqpException)
            {
                receiver.IsClosed = true; // It died in this moment.
                queue.Unlock(message);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ticks.DisposeAsync();
        _host.Close();
        _work.Writer.TryComplete();
        await _loop;
    }

    bool IHandler.CanHandle(EventId id) => id is EventId.SendDelivery or EventId.ConnectionAccept;

    void IHandler.Handle(Event protocolEvent)
    {
        if (protocolEvent is { Id: EventId.SendDelivery, Context: IDelivery { Message: LockedMessage message } delivery })
        {
            delivery.Tag = message.LockToken.ToByteArray();
        }
        else if (protocolEvent is { Id: EventId.ConnectionAccept, Context: Socket socket })
        {
            Interlocked.Increment(ref _connections);
            _sockets[protocolEvent.Connection] = socket;
            protocolEvent.Connection.AddClosedCallback((connection, _) => _sockets.TryRemove((Connection)connection, out Socket? _));
        }
    }

    void ILinkProcessor.Process(AttachContext attachContext)
    {
        // Not on the loop: the library tells of credit twice when it comes before an attach is complete.
        string name = NameOf(attachContext.Attach) ?? "";
        BrokerFaults.Carry(
            Decide("attach", name),
            () => _queues.TryGetValue(name, out var queue) ? null : new Error(ErrorCode.NotFound) { Description = $"The messaging entity '{name}' could not be found." },
            error => error,
            error =>
            {
                if (error is not null)
                    attachContext.Complete(error);
                else
                    Attach(attachContext, _queues[name]);
            });
    }

    // Clients write /queue and /queue/$DeadLetterQueue.
    private static string? NameOf(Attach attach) => (attach.Role ? (attach.Source as Source)?.Address : (attach.Target as Target)?.Address)?.Trim('/');

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Attach(AttachContext attachContext, BrokerQueue queue)
    {
        if (!attachContext.Attach.Role)
        {
            attachContext.Attach.MaxMessageSize = (ulong)queue.Settings.MaxMessageBytes;
            attachContext.Complete(new SendingLink(this, queue), Requests.Plenty);
            return;
        }

        var receiver = new ReceivingLink(this, queue, attachContext.Link);
        attachContext.Link.AddClosedCallback((_, _) => Post(() =>
        {
            receiver.IsClosed = true;
            _receivers.GetValueOrDefault(queue)?.Remove(receiver);
        }));
        Post(() =>
        {
            if (!_receivers.TryGetValue(queue, out var receivers))
                _receivers[queue] = receivers = [];
            if (!receiver.IsClosed)
                receivers.Add(receiver);
        });
        attachContext.Complete(receiver, 0);
    }

    private void PutToken(RequestContext request) => BrokerFaults.Carry(
        Decide("put-token", "$cbs"),
        () => Management.Reply("status-code", 202, "status-description", "Accepted"),
        error => Management.Reply("status-code", error.Condition.Equals(BrokerFaults.ServerBusy) ? 503 : 401, "status-description", error.Description),
        reply => request.Complete(reply));

    private void Manage(RequestContext request, BrokerQueue queue, Management management) => BrokerFaults.Carry(
        Decide(Management.OperationOf(request.Message), queue.Name), () => management.Answer(request.Message), Management.Refuse, reply => request.Complete(reply));

    private void Tick()
    {
        foreach (var queue in _queues.Values)
        {
            queue.Tick();
            Deliver(queue);
        }
    }

    private long NextNumber() => ++_lastNumber;

    private async Task LoopAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                Failures.Enqueue(e);
            }
        }
    }
}
