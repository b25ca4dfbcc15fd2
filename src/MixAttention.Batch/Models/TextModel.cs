using MixAttention.Engine;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Models;

/// <summary>A model as jobs see it: its text side, and how the rest is loaded.</summary>
/// <param name="Tokenizer">Turns text into ids and back; disposed with this.</param>
/// <param name="ChatTemplateAt">Gives the chat template, which may write the date given; null for models without one.</param>
/// <param name="EndTokenIds">Ids that end an answer.</param>
/// <param name="CreateRunner">Loads the weights; called once, on the engine's thread.</param>
public sealed record TextModel(Tokenizer Tokenizer, Func<DateTimeOffset, ChatTemplate?> ChatTemplateAt, IReadOnlyList<int> EndTokenIds, Func<IModelRunner> CreateRunner) : IDisposable
{
    /// <summary>Opens the text side of a model folder.</summary>
    /// <param name="model">The folder.</param>
    /// <param name="createRunner">Loads the weights.</param>
    /// <exception cref="TokenizerException">The tokenizer is missing or broken.</exception>
    /// <exception cref="ChatTemplateException">The chat template is broken or uses what is not supported.</exception>
    public static TextModel Open(ModelFacts model, Func<IModelRunner> createRunner)
    {
        ArgumentNullException.ThrowIfNull(model);
        var tokenizer = Tokenizer.Load(model.Folder);
        try
        {
            ChatTemplate? At(DateTimeOffset date) => ChatTemplate.Load(model.Folder, tokenizer, new FixedTime(date));
            At(default); // A broken template is found now, not when the first job comes.
            return new TextModel(tokenizer, At, [.. model.Spec.EndTokenIds.Union(tokenizer.EndTokenIds)], createRunner);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose() => Tokenizer.Dispose();
}
