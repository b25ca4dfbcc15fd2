using System.Diagnostics;
using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>A process of Azurite that keeps blobs in memory, on a port of its own; one for all tests.</summary>
public sealed partial class AzuriteServer : IAsyncLifetime
{
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(2);

    private Process? _process;

    /// <summary>Gets the endpoint of its account.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{Port}/devstoreaccount1");

    public int Port { get; private set; }

    public async ValueTask InitializeAsync()
    {
        string folder = await NpmFolder.InstallAsync("azurite", RepositoryFiles.At("tests/MixAttention.Batch.Azure.Tests/Blobs/Azurite"));
        var start = new ProcessStartInfo(
            "node",
            [Path.Combine(folder, "node_modules/azurite/dist/src/blob/main.js"), "--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"])
        { RedirectStandardOutput = true, WorkingDirectory = folder };
        _process = Process.Start(start)!; // Not null: nothing is reused.
        using var limit = new CancellationTokenSource(StartTime);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (Listening().Match(line) is not { Success: true } found)
                continue;
            Port = int.Parse(found.Groups["port"].Value, System.Globalization.CultureInfo.InvariantCulture);
            _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None); // A full pipe would stop it.
            return;
        }

        throw new InvalidOperationException("Azurite ended before it listened.");
    }

    public ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill(entireProcessTree: true);
        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    [GeneratedRegex(@"listens on http://127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex Listening();
}

/// <summary>The tests that share it.</summary>
[CollectionDefinition(nameof(AzuriteServer))]
public sealed class AzuriteTests : ICollectionFixture<AzuriteServer>;
