using System.Text.RegularExpressions;
using System.Xml.Linq;
using MixAttention.Architecture.Tests;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Container;

/// <summary>Holds the Dockerfile to its rules. No engine builds it here: what its commands do, PublishedFolderTests run.</summary>
public sealed partial class DockerfileTests
{
    private static readonly DockerStage Build = DockerfileText.Stages[0], Final = DockerfileText.Stages[^1];

    [Fact]
    public void Stages_build_describe_and_serve() => Assert.Equal(["build", "sbom", "final"], DockerfileText.Stages.Select(s => s.Name));

    [Fact]
    public void Base_images_are_fixed_by_version_and_digest() =>
        Assert.All(DockerfileText.Stages.Where(s => s.Image != "scratch"), stage => Assert.Matches(@"^mcr\.microsoft\.com/dotnet/\w+:10\.0\.\d+-[\w-]+@sha256:[0-9a-f]{64}$", stage.Image));

    [Fact]
    public void Served_image_has_no_shell() => Assert.Contains("-chiseled@", Final.Image, StringComparison.Ordinal);

    [Fact]
    public void User_is_numeric_and_nobody()
    {
        var user = Regex.Match(Assert.Single(Final.All("USER")), @"^(\d+):(\d+)$");

        Assert.True(user.Success);
        Assert.All(user.Groups.Values.Skip(1), id => Assert.True(int.Parse(id.Value, System.Globalization.CultureInfo.InvariantCulture) >= 10001));
    }

    [Fact]
    public void Kind_of_libtorch_is_an_argument_that_reaches_restore_and_publish()
    {
        Assert.Equal(["LibTorch=cuda"], Build.All("ARG"));
        Assert.All(["dotnet restore", "dotnet publish"], command => Assert.Contains("-p:LibTorch=${LibTorch}", Build.All("RUN").Single(run => run.Contains(command, StringComparison.Ordinal)), StringComparison.Ordinal));
    }

    [Fact]
    public void Restore_is_locked() => Assert.Equal("true", DockerfileText.Variables(Build)["CI"]);

    [Fact]
    public void Copied_files_exist_and_are_not_ignored()
    {
        string[] ignored = File.ReadAllLines(RepositoryFiles.At(".dockerignore"));

        Assert.All(DockerfileText.Stages.SelectMany(s => s.All("COPY")).Where(c => !c.StartsWith("--from", StringComparison.Ordinal)).SelectMany(c => c.Split(' ')[..^1]), source =>
        {
            Assert.True(Path.Exists(RepositoryFiles.At(source)), source);
            Assert.DoesNotContain(source.TrimEnd('/'), ignored);
        });
        Assert.All(["**/bin", "**/obj", ".git", "**/.terraform", "**/*.tfstate*"], rule => Assert.Contains(rule, ignored));
    }

    [Fact]
    public void Copied_stage_comes_before()
    {
        foreach (var (stage, index) in DockerfileText.Stages.Select((stage, index) => (stage, index)))
            Assert.All(stage.All("COPY").Select(c => Source().Match(c)).Where(m => m.Success), m => Assert.Contains(m.Groups["stage"].Value, DockerfileText.Stages.Take(index).Select(s => s.Name)));
    }

    [Fact]
    public void Nothing_is_fetched_by_hand_and_no_secret_goes_in()
    {
        Assert.DoesNotContain(DockerfileText.Instructions, i => i.Name == "ADD" || Fetch().IsMatch(i.Arguments));
        Assert.DoesNotContain(DockerfileText.Instructions.Where(i => i.Name is "ARG" or "ENV"), i => Secret().IsMatch(i.Arguments));
    }

    [Fact]
    public void Labels_say_what_it_is()
    {
        string labels = Assert.Single(Final.All("LABEL"));

        Assert.All(["title", "description", "licenses", "version", "revision"], name => Assert.Contains($"org.opencontainers.image.{name}=", labels, StringComparison.Ordinal));
        string version = XDocument.Load(RepositoryFiles.At("Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Contains($"Version={version}", Final.All("ARG"));
    }

    [Fact]
    public void Executable_is_started_without_a_shell()
    {
        Assert.Equal(["[\"/app/mixbatch\"]"], Final.All("ENTRYPOINT"));
        Assert.Equal(["[\"--help\"]"], Final.All("CMD"));
        Assert.Equal(["NONE"], Final.All("HEALTHCHECK"));
        Assert.Equal(["SIGTERM"], Final.All("STOPSIGNAL"));
    }

    [Fact]
    public void Demo_is_part_of_what_is_copied() => Assert.Contains(Repository.Files, f => f == "src/MixAttention.Batch.Cli/Demo/model/model.safetensors");

    [GeneratedRegex(@"--from=(?<stage>\w+)")]
    private static partial Regex Source();

    [GeneratedRegex(@"\b(curl|wget|apt-get|git clone)\b|https?://")]
    private static partial Regex Fetch();

    [GeneratedRegex("PASSWORD|SECRET|TOKEN|CREDENTIAL|APIKEY|ACCESS_?KEY", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();
}
