using System.Globalization;
using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Every field of a request's body that is known, and what is done with it. A field that is not here is refused by its name; null is as good as absent.</summary>
internal static class BodyFields
{
    private const BatchEndpoint Chat = BatchEndpoint.ChatCompletions;
    private const BatchEndpoint Completions = BatchEndpoint.Completions;
    private const string SeveralAnswers = "Ask again on a line of its own, with another custom_id and seed.";
    private const string FreeText = "The answer's form cannot be enforced; ask for it in the messages.";
    private const string NoTools = "Tools are not called; put what they would say into the messages.";
    private const string TextOnly = "Only text is read and written.";
    private const string OwnTemplate = "The model's own chat template is used as it is; send a finished prompt as token ids to /v1/completions.";
    private const string AllAtOnce = "Answers are written when they are finished.";
    private const string NoAccounts = "there are no accounts";
    private const string NothingStored = "nothing is stored but results, which are joined by `custom_id`";
    private const string PrefixCache = "shared text is found without it";
    private const string NoReasoning = "There is no control of reasoning; say it in the messages.";

    /// <summary>Gets all fields, in the order of the table in README.md.</summary>
    public static IReadOnlyList<BodyField> All { get; } =
    [
        Honoured("model", null, "the served name, exactly", (_, _) => { }), // The parser has compared it.
        Honoured("messages", Chat, "roles system, developer (as system), user, assistant; content is a text, or text parts, which are joined by line ends", (body, v) => body.Messages = MessageReader.Read(v)),
        Honoured("prompt", Completions, "a text, an array of token ids, or an array of one of these; special tokens named in a text stay text", PromptReader.Read),
        Honoured("max_tokens", null, "1 or more; unless given, the rest of the context for chat and 16 for completions", (body, v) => body.MaxTokens = MaxTokens(v)),
        Honoured("max_completion_tokens", Chat, "takes the place of `max_tokens`", (body, v) => body.MaxCompletionTokens = MaxTokens(v)),
        Honoured("temperature", null, "0 (the most likely token) or more; 1 unless given", (body, v) => body.Sampling = body.Sampling with { Temperature = v.Number(x => x >= 0, "Give 0 or more.") }),
        Honoured("top_p", null, "above 0, at most 1; 1 unless given", (body, v) => body.Sampling = body.Sampling with { TopP = v.Number(x => x is > 0 and <= 1, "Give a number above 0 and at most 1.") }),
        Honoured("top_k", null, "1 or more; 0 or -1, the default, for all tokens", (body, v) => body.Sampling = body.Sampling with { TopK = Math.Max(0, v.Integer(-1, int.MaxValue, "Give a whole number, 0 or -1 for all tokens.")) }),
        Honoured("min_p", null, "0 to 1; 0 unless given", (body, v) => body.Sampling = body.Sampling with { MinP = v.Number(x => x is >= 0 and <= 1, "Give 0 to 1.") }),
        Honoured("seed", null, "a whole number; 0 unless given. An answer depends on it, its `custom_id` and its prompt", (body, v) => body.Sampling = body.Sampling with { Seed = v.Long(long.MinValue, long.MaxValue, "Give a whole number of 64 bits.") }),
        Honoured("stop", null, "a text or up to 16; they end the answer and are cut off", (body, v) => body.Sampling = body.Sampling with { Stop = StopTexts(v) }),
        Honoured("stop_token_ids", null, "an array of token ids", (body, v) => body.Sampling = body.Sampling with { StopTokenIds = PromptReader.TokenIds(v) }),
        Honoured("ignore_eos", null, "whether end tokens are ordinary tokens; false unless given", (body, v) => body.Sampling = body.Sampling with { IgnoreEndTokens = v.Boolean() }),
        Honoured("presence_penalty", null, "-2 to 2; 0 unless given", (body, v) => body.Sampling = body.Sampling with { PresencePenalty = Penalty(v) }),
        Honoured("frequency_penalty", null, "-2 to 2; 0 unless given", (body, v) => body.Sampling = body.Sampling with { FrequencyPenalty = Penalty(v) }),
        Honoured("repetition_penalty", null, "above 0; 1 unless given", (body, v) => body.Sampling = body.Sampling with { RepetitionPenalty = v.Number(x => x > 0, "Give a number above 0.") }),
        Honoured("logit_bias", null, "token ids with -100 to 100", (body, v) => body.Sampling = body.Sampling with { LogitBias = LogitBias(v) }),
        Honoured("logprobs", Chat, "true or false", (body, v) => body.ReportsLogprobs = v.Boolean()),
        Honoured("top_logprobs", Chat, "0 to 20, together with `logprobs`", (body, v) => body.TopLogprobs = TopLogprobs(v)),
        Honoured("logprobs", Completions, "0 to 20", (body, v) => (body.ReportsLogprobs, body.TopLogprobs) = (true, TopLogprobs(v))),

        Ignored("user", null, NoAccounts),
        Ignored("safety_identifier", Chat, NoAccounts),
        Ignored("metadata", Chat, NothingStored),
        Ignored("store", Chat, NothingStored),
        Ignored("service_tier", Chat, "there is one tier"),
        Ignored("prompt_cache_key", Chat, PrefixCache),
        Ignored("prompt_cache_retention", Chat, PrefixCache),
        Ignored("prediction", Chat, "a hint for speed; the answer is the same"),
        Ignored("parallel_tool_calls", Chat, "tools are not called"),
        Ignored("stream_options", null, "nothing is streamed"),
        Ignored("priority", null, "the order of work does not change an answer"),
        Ignored("request_id", null, "ids derive from what is asked"),

        RefusedUnless("n", null, "1", SeveralAnswers),
        RefusedUnless("best_of", Completions, "1", SeveralAnswers),
        RefusedUnless("stream", null, "false", AllAtOnce),
        RefusedUnless("echo", Completions, "false", "The answer holds what is new; put the prompt before it yourself."),
        RefusedUnless("suffix", Completions, "\"\"", "Text is continued at its end only."),
        RefusedUnless("response_format", null, """{"type":"text"}""", FreeText),
        RefusedUnless("modalities", Chat, """["text"]""", TextOnly),
        RefusedUnless("tools", Chat, "[]", NoTools),
        RefusedUnless("tool_choice", Chat, "\"none\"", NoTools),
        RefusedUnless("functions", Chat, "[]", NoTools),
        RefusedUnless("function_call", Chat, "\"none\"", NoTools),
        RefusedUnless("reasoning_effort", Chat, "\"none\"", NoReasoning),
        RefusedUnless("verbosity", Chat, "\"medium\"", "Say in the messages how long the answer should be."),
        RefusedUnless("min_tokens", null, "0", "An answer ends where the model ends it."),
        RefusedUnless("use_beam_search", null, "false", "Tokens are sampled one by one."),
        RefusedUnless("length_penalty", null, "1", "Tokens are sampled one by one."),
        RefusedUnless("skip_special_tokens", null, "true", "Special tokens leave no trace in the answer."),
        RefusedUnless("spaces_between_special_tokens", null, "true", "Special tokens leave no trace in the answer."),
        RefusedUnless("include_stop_str_in_output", null, "false", "Stop texts are cut off; append it yourself."),
        RefusedUnless("add_generation_prompt", Chat, "true", OwnTemplate),
        RefusedUnless("continue_final_message", Chat, "false", OwnTemplate),
        RefusedUnless("add_special_tokens", Chat, "false", OwnTemplate),
        RefusedUnless("add_special_tokens", Completions, "true", "Give the prompt as token ids."),

        Refused("reasoning", Chat, NoReasoning),
        Refused("audio", Chat, TextOnly),
        Refused("web_search_options", Chat, "Nothing is fetched; put what was found into the messages."),
        Refused("documents", Chat, "Put their text into the messages."),
        Refused("chat_template", Chat, OwnTemplate),
        Refused("chat_template_kwargs", Chat, OwnTemplate),
        Refused("structured_outputs", null, FreeText),
        Refused("guided_json", null, FreeText),
        Refused("guided_regex", null, FreeText),
        Refused("guided_choice", null, FreeText),
        Refused("guided_grammar", null, FreeText),
        Refused("bad_words", null, "Give a logit_bias of -100 to their tokens."),
        Refused("allowed_token_ids", null, "Give a logit_bias to the others."),
        Refused("prompt_logprobs", null, "Log-probabilities are those of the answer."),
        Refused("prompt_embeds", Completions, "Give a text or token ids."),
        Refused("truncate_prompt_tokens", null, "Nothing is cut unasked; shorten the prompt."),
    ];

    private static readonly Dictionary<(string, BatchEndpoint), BodyField> ByName =
        (from field in All
         from endpoint in field.Endpoint is { } one ? [one] : Enum.GetValues<BatchEndpoint>()
         select (field, endpoint)).ToDictionary(f => (f.field.Name, f.endpoint), f => f.field);

    /// <summary>Finds a field; null when it is not known there.</summary>
    public static BodyField? Find(string name, BatchEndpoint endpoint) => ByName.GetValueOrDefault((name, endpoint));

    private static BodyField Honoured(string name, BatchEndpoint? endpoint, string note, Action<BodyDraft, FieldValue> read) => new(name, endpoint, FieldTreatment.Honoured, note, read);

    private static BodyField Ignored(string name, BatchEndpoint? endpoint, string reason) => new(name, endpoint, FieldTreatment.Ignored, reason, (_, _) => { });

    private static BodyField Refused(string name, BatchEndpoint? endpoint, string cure) =>
        new(name, endpoint, FieldTreatment.Refused, cure, (_, value) => value.Refuse($"It is not supported. {cure}"));

    private static BodyField RefusedUnless(string name, BatchEndpoint? endpoint, string onlyValue, string cure)
    {
        var allowed = JsonElement.Parse(onlyValue);
        return new BodyField(name, endpoint, FieldTreatment.RefusedUnless, cure, (_, value) =>
        {
            if (!JsonElement.DeepEquals(value.Element, allowed))
                value.Refuse($"Only {onlyValue} is supported. {cure}");
        })
        { OnlyValue = onlyValue };
    }

    private static int MaxTokens(FieldValue value) => value.Integer(1, int.MaxValue, "Give a whole number of 1 or more.");

    private static int TopLogprobs(FieldValue value) => value.Integer(0, 20, "Give 0 to 20.");

    private static double Penalty(FieldValue value) => value.Number(x => x is >= -2 and <= 2, "Give -2 to 2.");

    private static string[] StopTexts(FieldValue value)
    {
        List<FieldValue> texts = value.Kind == JsonValueKind.Array ? [.. value.Items()] : [value];
        if (texts.Count > 16 || texts.Any(t => t.Is("")))
            value.Refuse("Give at most 16 texts, none of them empty.");
        return [.. texts.Select(t => t.Text("Give a text or an array of texts."))];
    }

    private static Dictionary<int, double> LogitBias(FieldValue value)
    {
        var bias = new Dictionary<int, double>();
        if (value.Kind != JsonValueKind.Object)
            value.Refuse("Give an object of token ids with numbers from -100 to 100.");
        foreach (var (name, number) in value.Properties())
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                bias[id] = number.Number(x => x is >= -100 and <= 100, "Give -100 to 100.");
            else
                number.Refuse("Name a token by its id, a whole number.");
        }

        return bias;
    }
}
