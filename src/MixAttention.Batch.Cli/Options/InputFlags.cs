using System.CommandLine;
using System.CommandLine.Parsing;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say what a job takes: documents, or the lines of a file.</summary>
internal sealed class InputFlags
{
    private readonly Argument<string[]> _inputs = new("INPUT") { Description = "Files and folders of documents (.txt, .md, .html, .docx, .epub, .pdf); - reads one document of plain text from standard input. Or one .jsonl file: an OpenAI batch file, or a document a line.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _demo = new("--demo") { Description = "Take the sample documents that come with mixbatch." };
    private readonly Option<string[]> _include = Parsing.Many("--include", "Take only a folder's documents that match, such as 'reports/**' or '*.md'; may be repeated.", "GLOB");
    private readonly Option<string[]> _exclude = Parsing.Many("--exclude", "Leave out a folder's documents that match; may be repeated.", "GLOB");
    private readonly Option<long?> _maxDocumentSize = Parsing.Size("--max-document-size", "Largest document taken; 64MiB unless given.");
    private readonly LinesFlags _lines = new();

    public void AddTo(CheckedCommand command)
    {
        command.Add(_inputs);
        Option[] options = [_demo, _include, _exclude, _maxDocumentSize];
        foreach (var option in options)
            command.Add(option);
        _lines.AddTo(command);
        command.Checks.Add(result => (result.GetResult(_inputs) is { Tokens.Count: > 0 }, CheckedCommand.IsGiven(result, _demo)) switch
        {
            (false, false) => "There is no INPUT. Name files or folders, - for standard input, or --demo for the sample documents.",
            (true, true) => "--demo brings its own documents. Leave out INPUT or --demo.",
            _ => null,
        });
        _inputs.Validators.Add(result =>
        {
            foreach (string option in result.Tokens.Select(t => t.Value).Where(v => v.Length > 1 && v.StartsWith('-')))
                result.AddError($"There is no option {option}. {Spelling.Hint(option, ((CommandResult)result.Parent!).Command) ?? $"A document of that name is given as ./{option}."}"); // An argument's parent is its command.
        });
    }

    /// <summary>Finds the documents, or opens the .jsonl file.</summary>
    /// <param name="outputFolder">Never read as input; null for none.</param>
    /// <exception cref="BatchException">An INPUT is missing, or there are no documents.</exception>
    public async Task<CommandInput> OpenAsync(ParseResult result, CliHost host, string? outputFolder, CancellationToken cancellationToken)
    {
        string[] inputs = result.GetValue(_demo) ? [ModelFlag.DemoSamples] : result.GetRequiredValue(_inputs);
        if (await _lines.OpenAsync(result, host, inputs, outputFolder, cancellationToken) is { } lines)
        {
            Option[] others = [_include, _exclude, _maxDocumentSize];
            return others.FirstOrDefault(o => CheckedCommand.IsGiven(result, o)) is { } given
                ? throw BatchException.Usage($"{given.Name} is for documents in files, and {inputs[0]} holds lines. Leave it out.")
                : lines;
        }

        var finder = DocumentFinder.Find(new DocumentQuery
        {
            Inputs = inputs,
            Include = result.GetValue(_include)!, // both have defaults
            Exclude = result.GetValue(_exclude)!,
            OutputFolder = outputFolder,
        });
        return new CommandInput(
            new JobInput(JobInput.Documents, result.GetValue(_maxDocumentSize) ?? JobInput.DefaultMaxDocumentBytes), new DocumentInput(finder, host.OpenStandardInput), finder.Found);
    }
}
