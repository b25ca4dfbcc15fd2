using Azure.Identity;
using MixAttention.Batch.Azure.ServiceBus;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

public sealed class ServiceBusAddressTests
{
    [Theory]
    [InlineData("sb://jobs.servicebus.windows.net/queue-1", "jobs.servicebus.windows.net", null, "queue-1")]
    [InlineData("sb://jobs.servicebus.windows.net/queue-1/", "jobs.servicebus.windows.net", null, "queue-1")]
    [InlineData("sb://127.0.0.1:5672/jobs", "127.0.0.1", 5672, "jobs")]
    [InlineData("sb://localhost:5672/jobs", "localhost", 5672, "jobs")]
    public void Address_of_a_namespace_or_an_emulator_is_read(string text, string host, int? port, string queue)
    {
        Assert.True(ServiceBusAddress.TryParse(text, out var address));
        Assert.Equal(new ServiceBusAddress(host, port, queue), address);
        Assert.Equal(text.TrimEnd('/'), address.ToString());
        Assert.Equal(port is not null, address.IsEmulator);
    }

    [Theory]
    [InlineData("Endpoint=sb://jobs.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b")]
    [InlineData("sb://user:key@jobs.servicebus.windows.net/queue")]
    [InlineData("sb://jobs.servicebus.windows.net/queue?sig=a")]
    [InlineData("sb://jobs.servicebus.windows.net:5671/queue")]
    [InlineData("sb://jobs.servicebus.windows.net")]
    [InlineData("sb://jobs.servicebus.windows.net/queue/$DeadLetterQueue")]
    [InlineData("sb://jobs/queue")]
    [InlineData("sb://127.0.0.1/jobs")]
    [InlineData("https://jobs.servicebus.windows.net/queue")]
    [InlineData("sqlite:queue.db")]
    [InlineData("")]
    public void Address_with_a_key_or_of_something_else_is_refused(string text) => Assert.False(ServiceBusAddress.TryParse(text, out _));

    [Fact]
    public void Emulator_is_opened_only_where_one_is_asked_for()
    {
        var emulator = new ServiceBusAddress("127.0.0.1", 5672, "jobs");
        var real = new ServiceBusAddress("jobs.servicebus.windows.net", null, "jobs");
        var credential = new DefaultAzureCredential();
        Assert.Contains("--emulator", Assert.Throws<ArgumentException>(() => ServiceBusJobQueue.Open(emulator, credential, new ServiceBusQueueOptions(), TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Contains("--emulator", Assert.Throws<ArgumentException>(() => ServiceBusJobQueue.OpenEmulator(real, new ServiceBusQueueOptions(), TimeProvider.System)).Message, StringComparison.Ordinal);
    }
}
