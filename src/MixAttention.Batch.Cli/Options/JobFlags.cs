using System.CommandLine;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Prompts;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say what a job is: documents, task, sampling and limits.</summary>
internal sealed class JobFlags
{
    private readonly Option<bool> _mixedNumerics = new("--mixed-numerics") { Description = "Let workers take part whose arithmetic gives other bits than the first worker's, such as another device or number of threads." };
    private readonly TaskFlags _task = new();
    private readonly SamplingFlags _sampling = new();
    private readonly LimitFlags _limits = new();
    private readonly CreatedAtFlag _createdAt = new();

    /// <summary>Gets the options that say which documents the job takes.</summary>
    public InputFlags Input { get; } = new();

    /// <summary>Makes the option that names a model in results and in jobs.</summary>
    public static Option<string?> ServedModelName() => new("--served-model-name") { Description = "The model's name in jobs and results; its folder's unless given.", HelpName = "NAME" };

    /// <summary>Makes the option that only says what a job would take.</summary>
    public static Option<bool> DryRun() => new("--dry-run") { Description = "Only say what the job would take: requests, failures, prompt tokens, KV memory and time, from a sample of which some run for a few seconds." };

    public void AddTo(CheckedCommand command)
    {
        Input.AddTo(command);
        _task.AddTo(command);
        _sampling.AddTo(command);
        _limits.AddTo(command);
        command.Add(_mixedNumerics);
        _createdAt.AddTo(command);
    }

    /// <summary>Reads the time that was asked for.</summary>
    /// <returns>Null when nobody asked for one.</returns>
    public DateTimeOffset? CreatedAt(ParseResult result, CliHost host) => _createdAt.Read(result, host);

    /// <summary>Reads the job.</summary>
    /// <param name="input">What it takes.</param>
    /// <param name="jobId">The id that a new job gets.</param>
    /// <param name="modelName">The served name of its model.</param>
    /// <exception cref="BatchException">The model cannot do what is asked, a prompt names a field that documents do not have, or rows are asked something.</exception>
    public JobManifest Read(ParseResult result, CliHost host, ModelFacts model, JobInput input, string jobId, string modelName)
    {
        var now = host.Time.GetUtcNow();
        bool isRows = input.Kind == JobInput.Rows;
        if (isRows && _task.FindGiven(result) is { } given)
            throw BatchException.Usage($"{given} is given, and the rows of a batch file say themselves what is asked. Leave it out.");
        var task = isRows ? PromptTask.Rows : _task.Read(result);
        if (input.Kind == JobInput.Documents && task.Instructions.SelectMany(PromptBuilder.ListFields).FirstOrDefault() is { } field)
            throw BatchException.Usage($"{_task.FindGiven(result)} has {{{{{field}}}}}, and of documents in files only {PromptTask.DocumentPlaceholder} is known. Write that, or give the documents as lines of a .jsonl file that have a field {field}.");
        var (sampling, rowMaxTokens) = isRows ? _sampling.ReadForRows(result) : (_sampling.Read(result), null);
        SamplingFlags.Check(sampling, model.Spec);
        return new JobManifest
        {
            JobId = jobId,
            CreatedAt = CreatedAt(result, host) ?? now,
            Input = input with { MaxTokens = rowMaxTokens },
            Task = task,
            Sampling = sampling,
            ModelName = modelName,
            Limits = _limits.Read(result, now),
            AllowsMixedNumerics = result.GetValue(_mixedNumerics),
        };
    }
}
