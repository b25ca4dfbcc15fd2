using System.CommandLine;
using MixAttention.Batch.Models;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The option that names a model folder.</summary>
internal sealed class ModelFlag
{
    private readonly Option<string?> _model;

    /// <param name="isRequired">Whether the model must be given; the demo model stands in for it otherwise.</param>
    public ModelFlag(bool isRequired) => _model = new("--model", "-m")
    {
        Description = $"Model folder: config.json, *.safetensors, tokenizer.json.{(isRequired ? "" : " The demo model unless given.")}",
        HelpName = "PATH",
        Required = isRequired,
    };

    /// <summary>The demo model's name in results.</summary>
    public const string DemoModelName = "mixbatch-demo";

    /// <summary>Gets the folder of the demo model, which lies beside the executable.</summary>
    public static string DemoModel => Path.Combine(AppContext.BaseDirectory, "Demo", "model");

    /// <summary>Gets the folder of the sample documents.</summary>
    public static string DemoSamples => Path.Combine(AppContext.BaseDirectory, "Demo", "samples");

    public void AddTo(Command command) => command.Add(_model);

    public string Folder(ParseResult result) => result.GetValue(_model) ?? DemoModel;

    /// <summary>Opens the model that was asked for, or the demo model, and says so.</summary>
    public ModelFacts Open(ParseResult result, TextWriter messages)
    {
        if (result.GetValue(_model) is null)
            messages.WriteLine("Using the demo model, which knows incident reviews only; --model PATH takes another.");
        return ModelFacts.Read(Folder(result));
    }

    /// <summary>Gets the model's name in results.</summary>
    public string NameOf(ParseResult result, ModelFacts model) => result.GetValue(_model) is null ? DemoModelName : model.Name;
}
