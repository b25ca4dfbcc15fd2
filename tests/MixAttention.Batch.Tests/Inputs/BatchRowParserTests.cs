using System.Text;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Tests.Support;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class BatchRowParserTests
{
    private static readonly string Nested = string.Concat(Enumerable.Repeat("[", 70)) + string.Concat(Enumerable.Repeat("]", 70));

    [Fact]
    public void Chat_is_read_field_by_field()
    {
        var row = Sound(BatchLines.Chat(
            """
            "max_tokens":1,"max_completion_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.1,"seed":-3,"stop":["x","y"],"stop_token_ids":[5],"ignore_eos":true,
            "presence_penalty":1,"frequency_penalty":-2,"repetition_penalty":1.2,"logit_bias":{"7":-100,"8":0.5},"logprobs":true,"top_logprobs":3
            """.ReplaceLineEndings(""),
            messages: """[{"role":"developer","content":"Be brief."},{"role":"user","name":"Al","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]},{"role":"assistant","content":"Hm","refusal":null,"tool_calls":[]},{"role":"user","content":""}]"""));
        Assert.Equal(BatchEndpoint.ChatCompletions, row.Endpoint);
        Assert.Equal([("system", "Be brief."), ("user", "One\nTwo"), ("assistant", "Hm"), ("user", "")], row.Messages.Select(m => (m.Role, m.Content)));
        Assert.False(row.TakesRestOfContext);
        Assert.Equivalent(
            new SamplingParams
            {
                MaxTokens = 7,
                Temperature = 0.5,
                TopP = 0.9,
                TopK = 40,
                MinP = 0.1,
                Seed = -3,
                Stop = ["x", "y"],
                StopTokenIds = [5],
                IgnoreEndTokens = true,
                PresencePenalty = 1,
                FrequencyPenalty = -2,
                RepetitionPenalty = 1.2,
                LogitBias = new Dictionary<int, double> { [7] = -100, [8] = 0.5 },
                TopLogprobs = 3,
            },
            row.Sampling,
            strict: true);
    }

    [Theory]
    [InlineData("\"Once\"", "Once")]
    [InlineData("[\"Once\"]", "Once")]
    [InlineData("\"\"", "")]
    [InlineData("[1,2]", null)]
    [InlineData("[[1,2]]", null)]
    public void Completion_takes_a_text_or_token_ids(string prompt, string? text)
    {
        var row = Sound(BatchLines.Completion("\"logprobs\":2,\"max_tokens\":3", prompt: prompt));
        Assert.Equal(BatchEndpoint.Completions, row.Endpoint);
        Assert.Equal((text, 2, 3), (row.PromptText, row.Sampling.TopLogprobs, row.Sampling.MaxTokens));
        Assert.Equal(text is null ? [1, 2] : null, row.PromptIds);
    }

    [Fact]
    public void Body_that_says_nothing_gets_what_openai_gives()
    {
        var chat = Sound(BatchLines.Chat());
        Assert.True(chat.TakesRestOfContext);
        Assert.Equal((1.0, 1.0, 0, 0L, (int?)null), (chat.Sampling.Temperature, chat.Sampling.TopP, chat.Sampling.TopK, chat.Sampling.Seed, chat.Sampling.TopLogprobs));
        var completion = Sound(BatchLines.Completion());
        Assert.Equal((16, false), (completion.Sampling.MaxTokens, completion.TakesRestOfContext));
    }

    [Fact]
    public void Body_that_says_nothing_gets_the_submitters_defaults_and_one_that_does_keeps_its_own()
    {
        var parser = new BatchRowParser(BatchLines.Model, new BodyDefaults { Sampling = new SamplingParams { Temperature = 0, Seed = 9, TopLogprobs = 1 }, MaxTokens = 50 });
        var row = Parse(parser, BatchLines.Chat()).Content!;
        Assert.Equal((0.0, 9L, 50, 1, false), (row.Sampling.Temperature, row.Sampling.Seed, row.Sampling.MaxTokens, row.Sampling.TopLogprobs, row.TakesRestOfContext));
        row = Parse(parser, BatchLines.Chat("\"temperature\":1,\"seed\":2,\"max_tokens\":3,\"logprobs\":false")).Content!;
        Assert.Equal((1.0, 2L, 3, null), (row.Sampling.Temperature, row.Sampling.Seed, row.Sampling.MaxTokens, row.Sampling.TopLogprobs));
    }

    [Theory]
    [InlineData("\"temperature\":-1", "body.temperature is -1. Give 0 or more.")]
    [InlineData("\"temperature\":\"hot\"", "body.temperature is \"hot\". Give 0 or more.")]
    [InlineData("\"temperature\":1e999", "body.temperature is 1e999. Give 0 or more.")]
    [InlineData("\"top_p\":0", "body.top_p is 0. Give a number above 0 and at most 1.")]
    [InlineData("\"top_k\":-2", "body.top_k is -2.")]
    [InlineData("\"top_k\":1.5", "body.top_k is 1.5.")]
    [InlineData("\"min_p\":1.1", "body.min_p is 1.1. Give 0 to 1.")]
    [InlineData("\"seed\":99999999999999999999", "body.seed is 99999999999999999999. Give a whole number of 64 bits.")]
    [InlineData("\"max_tokens\":0", "body.max_tokens is 0. Give a whole number of 1 or more.")]
    [InlineData("\"max_completion_tokens\":3000000000", "body.max_completion_tokens is 3000000000.")]
    [InlineData("\"stop\":[\"\"]", "body.stop is [\"\"]. Give at most 16 texts, none of them empty.")]
    [InlineData("\"stop\":[1]", "body.stop[0] is 1. Give a text or an array of texts.")]
    [InlineData("\"stop\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]", "Give at most 16 texts")]
    [InlineData("\"stop_token_ids\":[-1]", "body.stop_token_ids[0] is -1. Give a token id.")]
    [InlineData("\"stop_token_ids\":1", "body.stop_token_ids is 1. Give an array of token ids.")]
    [InlineData("\"ignore_eos\":1", "body.ignore_eos is 1. Give true or false.")]
    [InlineData("\"presence_penalty\":2.5", "body.presence_penalty is 2.5. Give -2 to 2.")]
    [InlineData("\"frequency_penalty\":null,\"repetition_penalty\":0", "body.repetition_penalty is 0. Give a number above 0.")]
    [InlineData("\"logit_bias\":{\"x\":1}", "body.logit_bias.x is 1. Name a token by its id, a whole number.")]
    [InlineData("\"logit_bias\":{\"1\":101}", "body.logit_bias.1 is 101. Give -100 to 100.")]
    [InlineData("\"logit_bias\":[1]", "body.logit_bias is [1]. Give an object of token ids with numbers from -100 to 100.")]
    [InlineData("\"logprobs\":5", "body.logprobs is 5. Give true or false.")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "body.top_logprobs is 21. Give 0 to 20.")]
    [InlineData("\"top_logprobs\":2", "top_logprobs needs logprobs to be true.")]
    [InlineData("\"stream\":\"True\"", "body.stream is \"True\". Only false is supported.")]
    [InlineData("\"n\":2", "body.n is 2. Only 1 is supported. Ask again on a line of its own, with another custom_id and seed.")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "body.response_format is {\"type\":\"json_object\"}. Only {\"type\":\"text\"} is supported.")]
    [InlineData("\"tool_choice\":\"\\ud83d\"", "body.tool_choice is \"\\ufffd\".")]
    [InlineData("\"temprature\":1", "body.temprature is 1. The field is unknown for /v1/chat/completions. Remove it; README.md lists those that are known.")]
    [InlineData("\"echo\":false", "body.echo is false. The field is unknown for /v1/chat/completions.")]
    public void Value_that_is_not_taken_fails_its_row(string field, string message) => AssertRefused(BatchLines.Chat(field), message);

    [Theory]
    [InlineData("[]", "body.messages is []. Give an array of at least one message.")]
    [InlineData("null", "messages is missing.")]
    [InlineData("\"Hi\"", "body.messages is \"Hi\".")]
    [InlineData("[5]", "body.messages[0] is 5. Give an object")]
    [InlineData("""[{"content":"a"}]""", "Its role is missing.")]
    [InlineData("""[{"role":"user"}]""", "Its content is missing.")]
    [InlineData("""[{"role":"user","content":null}]""", "body.messages[0].content is null. Give a text or an array of text parts.")]
    [InlineData("""[{"role":"user","content":[]}]""", "body.messages[0].content is []. Give at least one part.")]
    [InlineData("""[{"role":"tool","content":"5","tool_call_id":"x"}]""", "body.messages[0].role is \"tool\". Tools are not called; put what they said into a user's message.")]
    [InlineData("""[{"role":"critic","content":"a"}]""", "body.messages[0].role is \"critic\". Give system, developer, user or assistant.")]
    [InlineData("""[{"role":5,"content":"a"}]""", "body.messages[0].role is 5.")]
    [InlineData("""[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x/y.png"}}]}]""", "body.messages[0].content[0] is {\"type\":\"image_url\"")]
    [InlineData("""[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]""", "Only text is read, and nothing is fetched")]
    [InlineData("""[{"role":"user","content":[{"type":"text"}]}]""", "Its text is missing.")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"a","x":1}]}]""", "body.messages[0].content[0].x is 1. The field is unknown.")]
    [InlineData("""[{"role":"user","content":["a"]}]""", "body.messages[0].content[0] is \"a\".")]
    [InlineData("""[{"role":"assistant","content":"a","tool_calls":[{}]}]""", "body.messages[0].tool_calls is [{}]. Only a message's text is read.")]
    [InlineData("""[{"role":"user","content":"a","colour":1}]""", "body.messages[0].colour is 1. The field is unknown.")]
    public void Message_that_is_not_taken_fails_its_row(string messages, string message) => AssertRefused(BatchLines.Chat(messages: messages), message);

    [Theory]
    [InlineData("[]", "body.prompt is [].")]
    [InlineData("[[]]", "body.prompt is [[]].")]
    [InlineData("5", "body.prompt is 5. Give a text, an array of token ids, or an array of one of these.")]
    [InlineData("[\"a\",\"b\"]", "Several prompts give several answers.")]
    [InlineData("[[1],[2]]", "Several prompts give several answers.")]
    [InlineData("[1,\"a\"]", "body.prompt[1] is \"a\". Give a token id.")]
    [InlineData("[[\"a\"]]", "body.prompt[0][0] is \"a\". Give a token id.")]
    [InlineData("null", "prompt is missing.")]
    public void Prompt_that_is_not_taken_fails_its_row(string prompt, string message) => AssertRefused(BatchLines.Completion(prompt: prompt), message);

    [Theory]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{}}""", "unsupported_url", "url is \"/v1/embeddings\". Give /v1/chat/completions or /v1/completions.")]
    [InlineData("""{"custom_id":"a","method":"POST","body":{}}""", "unsupported_url", "url is missing.")]
    [InlineData("""{"custom_id":"a","method":"POST","url":7,"body":{}}""", "unsupported_url", "url is 7.")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"model":"other","n":5}}""", "model_not_found", "body.model is \"other\", and the model served here is \"tiny\".")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"prompt":"x"}}""", "model_not_found", "body.model is missing")]
    [InlineData("""{"custom_id":"a","method":"GET","url":"/v1/completions","body":{"model":"tiny","prompt":"x"}}""", "invalid_request", "method is \"GET\". Give \"POST\".")]
    [InlineData("""{"custom_id":"a","url":"/v1/completions","body":{"model":"tiny","prompt":"x"}}""", "invalid_request", "method is missing.")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":[]}""", "invalid_request", "body is [].")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions"}""", "invalid_request", "body is missing.")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"model":"tiny","prompt":"x"},"model":1}""", "invalid_request", "model is 1. The field is unknown. Remove it; what belongs to the request goes into body.")]
    public void Envelope_that_is_not_taken_fails_its_row(string line, string code, string message)
    {
        var parsed = Parse(line);
        Assert.Equal(("a", code, null), (parsed.Id, parsed.Error?.Code, parsed.Content));
        Assert.Contains(message, parsed.Error!.Message, StringComparison.Ordinal);
        Assert.NotNull(parsed.Sha256);
    }

    [Theory]
    [InlineData("""{"method":"POST"}""", "invalid_request", "custom_id is missing. Give every line its own.")]
    [InlineData("""{"custom_id":5}""", "invalid_request", "custom_id is 5. Give a text of 1 to 512 characters without control characters and U+FFFD.")]
    [InlineData("""{"custom_id":""}""", "invalid_request", "custom_id is \"\".")]
    [InlineData("""{"custom_id":null}""", "invalid_request", "custom_id is null.")]
    [InlineData("""{"custom_id":"a\nb"}""", "invalid_request", "custom_id is \"a\\nb\".")]
    [InlineData("""{"custom_id":"\udc00"}""", "invalid_request", "custom_id is \"\\ufffd\".")]
    [InlineData("[1]", "invalid_request", "The line is [1]. Write one JSON object per line.")]
    [InlineData("null", "invalid_request", "The line is null.")]
    [InlineData("{", "invalid_json", "The line is not valid JSON (byte 2 of the line): ")]
    [InlineData("""{"custom_id":"a"} x""", "invalid_json", "byte 19 of the line")]
    [InlineData("""{"custom_id":"a","custom_id":"b"}""", "invalid_json", "custom_id")]
    [InlineData("""{"custom_id":"a","\u0063ustom_id":"b"}""", "invalid_json", "custom_id")]
    [InlineData("""{"custom_id":"a","body":{"n":1,"n":2}}""", "invalid_json", "'n'")]
    [InlineData("""{"custom_id":"a","body":{"temperature":NaN}}""", "invalid_json", "byte 40 of the line")]
    [InlineData("""{"custom_id":"a","n":01}""", "invalid_json", "")]
    [InlineData("""{"custom_id":"a",}""", "invalid_json", "")]
    [InlineData("""{"custom_id":"a"} // x""", "invalid_json", "")]
    [InlineData("{\"custom_id\":\"a\0b\"}", "invalid_json", "")]
    [InlineData("""{"custom_id":"a","\ud800":1,"\udbff":1}""", "invalid_json", "Duplicate")]
    public void Line_without_a_sound_id_is_the_files_fault(string line, string code, string message)
    {
        var parsed = Parse(line);
        Assert.Equal((null, code), (parsed.Id, parsed.Error?.Code));
        Assert.Contains(message, parsed.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\ud83d\ude00", "😀")]
    [InlineData(@"\ud83d cut", "\uFFFD cut")]
    [InlineData(@"cut \uDE00", "cut \uFFFD")]
    [InlineData(@"\ud83d\ud83d\ude00", "\uFFFD😀")]
    [InlineData(@"\ud83d\n\ud83d", "\uFFFD\n\uFFFD")]
    [InlineData(@"\\ud83d", @"\ud83d")]
    [InlineData(@"\\\ud83d", "\\\uFFFD")]
    public void Half_of_a_surrogate_pair_is_read_as_a_replacement_character(string written, string text) =>
        Assert.Equal(text, Sound(BatchLines.Completion(prompt: $"\"{written}\"")).PromptText);

    [Fact]
    public void Line_may_not_nest_deeper_than_64_levels() => Assert.Equal("invalid_json", Parse($$"""{"custom_id":"a","body":{{Nested}}}""").Error?.Code);

    [Fact]
    public void Id_of_512_characters_is_taken_and_of_513_is_not()
    {
        Assert.NotNull(Parse(BatchLines.Chat(id: new string('x', 512))).Content);
        Assert.Null(Parse(BatchLines.Chat(id: new string('x', 513))).Id);
    }

    [Theory]
    [InlineData("\"stop\":{\"x\":\"?\"}")]
    [InlineData("\"stop\":[{\"?\":\"y\"}]")]
    [InlineData("\"?\":1")]
    [InlineData("\"?\":1,\"?\":1")]
    [InlineData("\"logit_bias\":{\"?\":1}")]
    public void Message_shows_no_more_than_the_beginning_of_what_is_long(string field)
    {
        string message = Parse(BatchLines.Chat(field.Replace("?", "x" + string.Concat(Enumerable.Repeat("😀", 5000)), StringComparison.Ordinal))).Error!.Message;
        Assert.InRange(message.Length, 20, 350);
        Assert.DoesNotContain(Rune.ReplacementChar, message.EnumerateRunes()); // No character is cut.
    }

    [Fact]
    public void Message_names_the_first_problems_and_counts_the_others() =>
        Assert.EndsWith(" And 12 more.", Parse(BatchLines.Chat(string.Join(',', Enumerable.Range(0, 20).Select(i => $"\"x{i}\":1")))).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Digest_is_that_of_what_is_asked()
    {
        const string line = """{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"model":"tiny","prompt":"é/","n":1}}""";
        string digest = Parse(line).Sha256!;
        Assert.Equal(digest, Parse("""{ "body":{"prompt":"\u00e9\/", "n":1,"model":"tiny"},"url":"/v1/completions","method":"POST","custom_id":"b"}""").Sha256);
        Assert.NotEqual(digest, Parse(line.Replace("é/", "e/", StringComparison.Ordinal)).Sha256);
        Assert.NotEqual(digest, Parse(line.Replace("/v1/completions", "/v1/chat/completions", StringComparison.Ordinal)).Sha256);
    }

    private static void AssertRefused(string line, string message)
    {
        var parsed = Parse(line);
        Assert.Equal(("a", "invalid_request", null), (parsed.Id, parsed.Error?.Code, parsed.Content));
        Assert.Contains(message, parsed.Error!.Message, StringComparison.Ordinal);
    }

    private static BatchRow Sound(string line)
    {
        var parsed = Parse(line);
        Assert.Null(parsed.Error);
        return parsed.Content!;
    }

    private static ParsedRow<BatchRow> Parse(string line) => Parse(new BatchRowParser(BatchLines.Model, new BodyDefaults()), line);

    private static ParsedRow<BatchRow> Parse(BatchRowParser parser, string line) => parser.Parse(Encoding.UTF8.GetBytes(line));
}
