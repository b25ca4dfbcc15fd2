using MixAttention.Architecture.Tests;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Container;

/// <summary>What the Dockerfile's first stage makes, made here for the CPU by its own commands from the files that it copies.</summary>
public sealed class PublishedImage : IAsyncLifetime
{

    private readonly TemporaryFolder _folder = new();
    private Task? _made;

    /// <summary>Gets the folder that becomes /app.</summary>
    public string App => _folder["app"];

    /// <summary>Gets the description of what the image holds.</summary>
    public string Sbom => _folder["sbom/mixbatch.cdx.json"];

    /// <summary>Makes it, once.</summary>
    public Task MakeAsync() => _made ??= BuildAsync();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task BuildAsync()
    {
        var stage = DockerfileText.Stages.Single(s => s.Name == "build");
        foreach (string source in stage.All("COPY").SelectMany(c => c.Split(' ')[..^1]))
        {
            foreach (string file in Repository.Files.Where(f => f == source || (source.EndsWith('/') && f.StartsWith(source, StringComparison.Ordinal))))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_folder[Path.Combine("source", file)])!);
                File.Copy(RepositoryFiles.At(file), _folder[Path.Combine("source", file)]);
            }
        }

        var variables = DockerfileText.Variables(stage).ToDictionary(v => v.Key, v => (string?)v.Value);
        variables["LibTorch"] = "cpu";
        variables.Remove("NUGET_PACKAGES"); // the packages of this machine serve for the cache mount
        // A server of the build that stays would hold the streams that are read to their ends.
        variables["MSBUILDDISABLENODEREUSE"] = "1";
        variables["DOTNET_CLI_USE_MSBUILD_SERVER"] = "false";
        variables["UseSharedCompilation"] = "false";
        foreach (string command in stage.All("RUN").Select(WithPlacesHere))
        {
            var run = await ProgramRun.TryAsync(_folder["source"], variables, "sh", "-ec", command);
            Assert.True(run!.ExitCode == 0, $"{command}\n{run.Text}");
        }
    }

    /// <summary>Replaces the image's folders by folders of this machine, and leaves cache mounts out.</summary>
    private string WithPlacesHere(string command)
    {
        string here = string.Join(' ', command.Split(' ').Where(word => !word.StartsWith("--mount=", StringComparison.Ordinal)));
        foreach (string place in new[] { "/app", "/tools", "/sbom" })
            here = here.Replace($" {place}", $" {_folder[place[1..]]}", StringComparison.Ordinal);
        return here;
    }
}
