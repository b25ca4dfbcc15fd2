using System.Buffers.Binary;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MixAttention.Deployment.Tests.Terraform.Schema;

/// <summary>A Terraform provider that knows its schema and nothing else: enough for validate, and for tests whose provider is a mock.</summary>
/// <remarks>Speaks plugin protocol 5 over plain HTTP/2. Terraform attaches to it by an environment variable, so nothing is downloaded or installed.</remarks>
internal sealed class SchemaProvider : IAsyncDisposable
{
    private readonly WebApplication _server;

    private SchemaProvider(WebApplication server) => _server = server;

    /// <summary>Gets what the environment variable TF_REATTACH_PROVIDERS must say.</summary>
    public string Reattach { get; private set; } = "";

    /// <summary>Starts serving a schema.</summary>
    /// <param name="source">The provider's address, such as registry.terraform.io/hashicorp/azurerm.</param>
    /// <param name="schema">A GetProviderSchema.Response.</param>
    public static async Task<SchemaProvider> StartAsync(string source, byte[] schema)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var server = builder.Build();
        server.Run(context => AnswerAsync(context, schema));
        await server.StartAsync();
        var address = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return new SchemaProvider(server)
        {
            Reattach = string.Create(CultureInfo.InvariantCulture, $$"""{"{{source}}":{"Protocol":"grpc","ProtocolVersion":5,"Pid":{{Environment.ProcessId}},"Test":true,"Addr":{"Network":"tcp","String":"127.0.0.1:{{address.Port}}"} } }"""),
        };
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, byte[] schema)
    {
        string method = context.Request.Path.Value!.Split('/')[^1];
        var request = new MemoryStream();
        if (method is "GetSchema" or "PrepareProviderConfig" or "ValidateResourceTypeConfig" or "ValidateDataSourceConfig" or "Configure" or "Stop")
            await context.Request.Body.CopyToAsync(request, context.RequestAborted);
        byte[]? answer = method switch
        {
            "GetSchema" => schema,
            "PrepareProviderConfig" => request.ToArray()[5..], // the configuration as it came: field 1 of both messages
            "ValidateResourceTypeConfig" or "ValidateDataSourceConfig" or "Configure" or "Stop" => [],
            _ => null,
        };
        context.Response.ContentType = "application/grpc";
        if (answer is not null)
        {
            // A frame is a byte that says "not compressed", a length, and the message.
            byte[] frame = new byte[5 + answer.Length];
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), answer.Length);
            answer.CopyTo(frame, 5);
            await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        }

        context.Response.AppendTrailer("grpc-status", answer is null ? "12" : "0"); // 12: unimplemented
    }
}
