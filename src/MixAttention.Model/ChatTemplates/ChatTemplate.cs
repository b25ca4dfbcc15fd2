using System.Text;
using MixAttention.Model.ChatTemplates.Jinja;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.ChatTemplates;

/// <summary>Writes a conversation as the one text that a model was trained to continue.</summary>
/// <remarks>
/// Knows the part of Jinja that chat templates use; anything else is refused by its name. Special tokens that the template writes come out as sentinels, those named in
/// messages stay text. Safe for concurrent use.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly string _source;
    private readonly Body _body;
    private readonly Tokenizer _tokenizer;
    private readonly TimeProvider _time;

    private ChatTemplate(string source, Body body, Tokenizer tokenizer, TimeProvider time)
    {
        _source = source;
        _body = body;
        _tokenizer = tokenizer;
        _time = time;
    }

    /// <summary>Loads a model folder's template: chat_template.jinja, else <c>chat_template</c> of tokenizer_config.json; null when there is none.</summary>
    /// <param name="modelFolder">The folder that <paramref name="tokenizer"/> was loaded from.</param>
    /// <param name="tokenizer">Tells the special tokens.</param>
    /// <param name="time">The clock of templates that write the date; the system's unless given.</param>
    /// <exception cref="ChatTemplateException">The template is broken or uses what is not supported.</exception>
    public static ChatTemplate? Load(string modelFolder, Tokenizer tokenizer, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(modelFolder);
        ArgumentNullException.ThrowIfNull(tokenizer);
        string file = Path.Combine(modelFolder, "chat_template.jinja");
        if (File.Exists(file))
            return Parse(file, Encoding.UTF8.GetString(JsonFile.ReadBytes(file)), tokenizer, time);
        string source = $"chat_template of {Path.Combine(modelFolder, "tokenizer_config.json")}";
        var templates = tokenizer.Config.ChatTemplates;
        if (templates.Count == 0)
            return null;
        if (!templates.TryGetValue("default", out var template))
            template = templates.Count == 1 ? templates.Values.Single() : throw Ambiguous(source, templates.Keys);
        return Parse(source, template, tokenizer, time);
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Names it in messages.</param>
    /// <exception cref="ChatTemplateException">The template is broken or uses what is not supported.</exception>
    public static ChatTemplate Parse(string source, string template, Tokenizer tokenizer, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(tokenizer);
        try
        {
            return new ChatTemplate(source, TemplateParser.Parse(template), tokenizer, time ?? TimeProvider.System);
        }
        catch (Exception e) when (e is JinjaException or InsufficientExecutionStackException)
        {
            throw Fault(source, e);
        }
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="addGenerationPrompt">Whether the text ends where the assistant begins to answer.</param>
    /// <returns>The prompt, with sentinels for the template's special tokens: ready for <see cref="Tokenizer.Encode"/>.</returns>
    /// <exception cref="ChatTemplateException">The template refuses the messages, or uses what is not supported.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var scope = Globals.Create(_time);
        foreach (var (name, token) in _tokenizer.Config.NamedTokens)
            scope.Set(name, TemplateText.Own(token));
        scope.Set("messages", messages.Select(ToMap).ToList());
        scope.Set("add_generation_prompt", addGenerationPrompt);
        scope.Set("tools", null);
        scope.Set("documents", null);
        try
        {
            return WithSentinels(_body.RenderText(scope));
        }
        catch (Exception e) when (e is JinjaException or InsufficientExecutionStackException)
        {
            throw Fault(_source, e);
        }
    }

    private static object? ToMap(ChatMessage message) => new OrderedDictionary<string, object?>(StringComparer.Ordinal)
    {
        // Some templates build a special token around the role; a role that is no plain word is treated as a message's text.
        ["role"] = message.Role.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? TemplateText.Own(message.Role)
            : TemplateText.FromMessage(Tokenizer.CleanDocument(message.Role)),
        ["content"] = TemplateText.FromMessage(Tokenizer.CleanDocument(message.Content)),
    };

    private string WithSentinels(TemplateText text)
    {
        var output = new StringBuilder(text.Length);
        foreach (var (piece, isQuoted) in text.Pieces())
        {
            if (isQuoted)
                output.Append(piece);
            else
                _tokenizer.SpecialTokenText.AppendWithSentinels(output, piece);
        }
        return output.ToString();
    }

    private static ChatTemplateException Ambiguous(string source, IEnumerable<string> names)
        => new($"{source} has the templates {string.Join(", ", names)} and none that is named 'default'. Write the one to use into chat_template.jinja beside it.");

    private static ChatTemplateException Fault(string source, Exception fault) => fault is JinjaException { Line: > 0 } jinja
        ? new ChatTemplateException($"{source}, line {jinja.Line}: {jinja.Message}. Change the messages or the template, or give the prompt as text.", fault)
        : new ChatTemplateException($"{source} nests too deeply. Simplify the template, or give the prompt as text.", fault);
}
