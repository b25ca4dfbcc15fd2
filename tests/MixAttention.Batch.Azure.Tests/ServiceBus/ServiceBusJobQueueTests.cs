using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

public sealed class ServiceBusJobQueueTests() : JobQueueSuite(new BusQueue());

public sealed class ServiceBusAsideTests() : AsideSuite(new BusQueue());
