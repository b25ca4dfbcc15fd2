using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>Stands between a client and a server on this machine, and lets faults happen to requests.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(3);
    private static readonly string[] NotForwarded = ["Host", "Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding", "Expect"];

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly WebApplication _application;
    private readonly int _serverPort;
    private readonly Func<int, HttpFault?> _strike;
    private int _requests;

    private FaultProxy(int serverPort, Func<int, HttpFault?> strike)
    {
        _serverPort = serverPort;
        _strike = strike;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = null;
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _application = builder.Build();
        _application.Run(AnswerAsync);
    }

    public int Port => new Uri(_application.Urls.Single()).Port;

    public int Requests => _requests;

    /// <param name="serverPort">The server.</param>
    /// <param name="strike">Decides by the number of the request, from 0.</param>
    public static async Task<FaultProxy> StartAsync(int serverPort, Func<int, HttpFault?> strike)
    {
        var proxy = new FaultProxy(serverPort, strike);
        await proxy._application.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var fault = _strike(Interlocked.Increment(ref _requests) - 1);
        var response = context.Response;
        switch (fault)
        {
            case HttpFault.ResetRequest:
                await context.Request.Body.ReadAtLeastAsync(new byte[100], 1, throwOnEndOfStream: false);
                context.Abort();
                return;
            case HttpFault.DroppedRequest:
                context.Abort();
                return;
            case HttpFault.ServerError or HttpFault.Busy or HttpFault.Forbidden:
                await context.Request.Body.CopyToAsync(Stream.Null);
                response.StatusCode = fault switch { HttpFault.Busy => 503, HttpFault.Forbidden => 403, _ => 500 };
                if (fault == HttpFault.Busy)
                    response.Headers.RetryAfter = "1";
                return;
        }

        using var answer = await ForwardAsync(context.Request);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        if (fault == HttpFault.LateReply)
            await Task.Delay(TooLate, TimeProvider.System);
        if (fault == HttpFault.DroppedReply)
        {
            context.Abort();
            return;
        }

        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(h => !NotForwarded.Contains(h.Key)))
            response.Headers[name] = values.ToArray();
        bool isHead = HttpMethods.IsHead(context.Request.Method);
        if (response.StatusCode != 204)
            response.ContentLength = isHead ? answer.Content.Headers.ContentLength : body.Length;
        if (fault == HttpFault.TruncatedReply)
        {
            if (!isHead && body.Length > 1)
            {
                await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
                await response.Body.FlushAsync();
            }

            context.Abort();
        }
        else if (!isHead)
        {
            await response.Body.WriteAsync(body);
        }
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpRequest request)
    {
        string target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget; // As it was signed.
        using var forwarded = new HttpRequestMessage(new HttpMethod(request.Method), $"http://127.0.0.1:{_serverPort}{target}");
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        body.Position = 0;
        if (HttpMethods.IsPut(request.Method))
            forwarded.Content = new StreamContent(body);
        foreach (var (name, value) in request.Headers.Where(h => !NotForwarded.Contains(h.Key)))
        {
            if (!forwarded.Headers.TryAddWithoutValidation(name, value.ToArray()))
                forwarded.Content?.Headers.TryAddWithoutValidation(name, value.ToArray());
        }

        return await _client.SendAsync(forwarded);
    }
}
