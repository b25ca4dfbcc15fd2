using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Container;

/// <summary>An instruction of a Dockerfile.</summary>
/// <param name="Name">Its name, in capitals.</param>
/// <param name="Arguments">What follows, continued lines joined.</param>
internal sealed record DockerInstruction(string Name, string Arguments);

/// <summary>A stage of a Dockerfile.</summary>
/// <param name="Image">What it starts from, variables filled in.</param>
/// <param name="Name">Its name.</param>
/// <param name="Instructions">What it does.</param>
internal sealed record DockerStage(string Image, string Name, IReadOnlyList<DockerInstruction> Instructions)
{
    /// <summary>Gets the arguments of all instructions of a name.</summary>
    public IEnumerable<string> All(string name) => Instructions.Where(i => i.Name == name).Select(i => i.Arguments);
}

/// <summary>The repository's Dockerfile, read.</summary>
internal static partial class DockerfileText
{
    /// <summary>Gets all instructions in order.</summary>
    public static IReadOnlyList<DockerInstruction> Instructions { get; } = Read();

    /// <summary>Gets the values that arguments before the first stage have.</summary>
    public static IReadOnlyDictionary<string, string> Defaults { get; } = Instructions.TakeWhile(i => i.Name == "ARG").Select(i => i.Arguments.Split('=', 2)).ToDictionary(a => a[0], a => a[1]);

    /// <summary>Gets the stages in order.</summary>
    public static IReadOnlyList<DockerStage> Stages { get; } = ReadStages();

    /// <summary>Gets the variables that ENV sets in a stage.</summary>
    public static IReadOnlyDictionary<string, string> Variables(DockerStage stage) =>
        stage.All("ENV").SelectMany(line => Assignment().Matches(line)).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value);

    private static DockerInstruction[] Read()
    {
        var lines = File.ReadLines(RepositoryFiles.At("Dockerfile")).Where(line => !line.StartsWith('#'));
        string text = Continuation().Replace(string.Join('\n', lines), " ");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries)).Select(parts => new DockerInstruction(parts[0], parts[1]))];
    }

    private static DockerStage[] ReadStages()
    {
        var starts = Instructions.Select((instruction, index) => (instruction, index)).Where(i => i.instruction.Name == "FROM").ToList();
        return [.. starts.Select((start, n) =>
        {
            string[] from = start.instruction.Arguments.Split(' ');
            string image = Defaults.Aggregate(from[0], (name, argument) => name.Replace($"${{{argument.Key}}}", argument.Value, StringComparison.Ordinal));
            int end = n + 1 < starts.Count ? starts[n + 1].index : Instructions.Count;
            return new DockerStage(image, from[2], [.. Instructions.Take(end).Skip(start.index + 1)]);
        })];
    }

    [GeneratedRegex(@"\s*\\\n\s*")]
    private static partial Regex Continuation();

    [GeneratedRegex(@"(?<name>\w+)=(?<value>\S+)")]
    private static partial Regex Assignment();
}
