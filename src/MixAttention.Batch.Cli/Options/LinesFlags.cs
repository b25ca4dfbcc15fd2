using System.CommandLine;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say how a .jsonl file is read: an OpenAI batch file, or one document a line.</summary>
internal sealed class LinesFlags
{
    private const string BatchFormat = "openai-batch";
    private const string DocumentsFormat = "documents";
    private const int MostLineBytes = 1 << 30;

    private static readonly DocumentFields Defaults = new();

    private readonly Option<string?> _format = Parsing.OneOf("--format", "What a .jsonl file holds; its lines tell unless given. Needed for lines from standard input.", null, $"{BatchFormat}|{DocumentsFormat}", BatchFormat, DocumentsFormat);
    private readonly Option<string> _idField = new("--id-field") { Description = "The field of a .jsonl file of documents that names a document.", HelpName = "NAME", DefaultValueFactory = _ => Defaults.Id };
    private readonly Option<string> _textField = new("--text-field") { Description = "The field of a .jsonl file of documents that is its text.", HelpName = "NAME", DefaultValueFactory = _ => Defaults.Text };
    private readonly Option<long?> _maxLineSize = Parsing.Size("--max-line-size", "Longest line of a .jsonl file; 8MB unless given.");

    private IEnumerable<Option> Options => [_format, _idField, _textField, _maxLineSize];

    public void AddTo(Command command)
    {
        foreach (var option in Options)
            command.Add(option);
    }

    /// <summary>Opens the .jsonl file among the inputs.</summary>
    /// <param name="outputFolder">Never read as input; null for none.</param>
    /// <returns>Null when the inputs are documents.</returns>
    /// <exception cref="BatchException">There is such a file and something else, it is missing, or its first line is neither a request nor a document.</exception>
    public async Task<CommandInput?> OpenAsync(ParseResult result, CliHost host, IReadOnlyList<string> inputs, string? outputFolder, CancellationToken cancellationToken)
    {
        string? format = result.GetValue(_format);
        if (format is null && !inputs.Any(IsLinesFile))
        {
            return Options.FirstOrDefault(o => CheckedCommand.IsGiven(result, o)) is { } given
                ? throw BatchException.Usage($"{given.Name} is given, and no INPUT is a .jsonl file. Leave it out, or name the file and say with --format what it holds.")
                : null;
        }

        if (inputs.Count != 1)
            throw BatchException.Usage($"A .jsonl file is a job of its own, and {inputs.Count} INPUTs are given. Name it alone.");
        string file = inputs[0];
        bool isStandardInput = file == "-";
        Func<Stream> open = isStandardInput ? host.OpenStandardInput : () => new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        Check(file, isStandardInput, outputFolder);

        var fields = new DocumentFields(result.GetValue(_idField)!, result.GetValue(_textField)!); // Both have defaults.
        int maxLineBytes = (int)Math.Min(result.GetValue(_maxLineSize) ?? LineReader.DefaultMaxLineBytes, MostLineBytes);
        bool isBatch = format == BatchFormat || (format is null && await DetectAsync(open, file, fields, maxLineBytes, cancellationToken) == InputFormat.OpenAIBatch);
        return new CommandInput(
            isBatch ? new JobInput(JobInput.Rows, JobInput.DefaultMaxDocumentBytes) : new JobInput(JobInput.DocumentLines, JobInput.DefaultMaxDocumentBytes) { Fields = fields },
            new LinesInput(isStandardInput ? "Standard input" : file, open, isStandardInput ? null : new FileInfo(file).Length) { MaxLineBytes = maxLineBytes },
            null);
    }

    private static bool IsLinesFile(string input) => Path.GetExtension(input).ToUpperInvariant() is ".JSONL" or ".NDJSON" && !Directory.Exists(input);

    private static void Check(string file, bool isStandardInput, string? outputFolder)
    {
        if (isStandardInput)
            return;
        if (!File.Exists(file))
            throw BatchException.Usage($"{file} does not exist or is a folder. Name a .jsonl file, or - for standard input.");
        if (outputFolder is not null && RealPath.Of(outputFolder) is { } output && RealPath.Of(file) is { } path && RealPath.IsWithin(path, output))
            throw BatchException.Usage($"{file} lies in the output folder, whose files a run replaces. Choose another output folder.");
    }

    private static async Task<InputFormat> DetectAsync(Func<Stream> open, string file, DocumentFields fields, int maxLineBytes, CancellationToken cancellationToken)
    {
        await using var stream = open();
        return await InputFormats.DetectAsync(stream, file, fields, maxLineBytes, cancellationToken);
    }
}
