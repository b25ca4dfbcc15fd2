using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Where a sequence is in its life.</summary>
internal enum SequenceStatus
{
    /// <summary>Holds nothing yet.</summary>
    Waiting,

    /// <summary>Holds its region of the arena and takes part in steps.</summary>
    Running,

    /// <summary>Holds nothing any more; has a finish reason.</summary>
    Finished,
}

/// <summary>Follows one request from waiting over running to finished.</summary>
internal sealed class SequenceState
{
    private readonly IReadOnlySet<int> _endTokenIds;
    private readonly AnswerText? _text;
    private readonly List<int> _tokenIds = [];
    private readonly List<TokenLogprobs>? _logprobs;
    private long _offset;
    private PrefillTrim? _prefixTrim;
    private PrefillTrim? _trim;

    /// <summary>Creates a waiting sequence.</summary>
    /// <param name="clock">Runs since the request was submitted.</param>
    /// <param name="endTokenIds">The model's end tokens; not looked at when the request ignores them.</param>
    /// <param name="text">Receives tokens as text; null without a tokenizer.</param>
    public SequenceState(int id, GenerationRequest request, RequestClock clock, IReadOnlySet<int> endTokenIds, AnswerText? text)
    {
        Id = id;
        Request = request;
        Clock = clock;
        Sampling = new SamplingContext(request.Sampling, request.CustomId, request.PromptIds.Span);
        _endTokenIds = endTokenIds;
        _text = text;
        _logprobs = request.Sampling.TopLogprobs is null ? null : [];
    }

    /// <summary>Gets the number, unique in the engine's life and rising with submission.</summary>
    public int Id { get; }

    /// <summary>Gets the request.</summary>
    public GenerationRequest Request { get; }

    /// <summary>Gets when things happened to it; read by the engine loop alone.</summary>
    public RequestClock Clock { get; }

    /// <summary>Gets what sampling knows of the sequence.</summary>
    public SamplingContext Sampling { get; }

    /// <summary>Gets where the sequence is in its life.</summary>
    public SequenceStatus Status { get; private set; }

    /// <summary>Gets the node of the tokens before its fork; null when it shares them in no case.</summary>
    public PrefixNode? Prefix { get; private set; }

    /// <summary>Gets whether it runs behind its prefix's node instead of computing those tokens itself.</summary>
    public bool IsSharer { get; private set; }

    /// <summary>Gets the prompt tokens that were computed for another sequence.</summary>
    public int CachedPromptTokens { get; private set; }

    /// <summary>Gets the tokens that its own region was made for; 0 until it runs.</summary>
    public int ReservedTokens { get; private set; }

    /// <summary>Gets where its keys and values lie while it runs.</summary>
    public KvRegion Region => IsSharer ? new(_offset, ReservedTokens, Prefix!.Region.Offset, Prefix.Length) : new(_offset, ReservedTokens); // a sharer has a prefix

    /// <summary>Gets the prompt's tokens whose chunks have run.</summary>
    public int PrefilledTokens { get; private set; }

    /// <summary>Gets or sets what its chunks, and those that ran on its behalf, took; kept by the engine loop alone.</summary>
    public PrefillWork Prefill { get; set; }

    /// <summary>Gets the number of tokens produced, an end token included.</summary>
    public int CompletionTokens { get; private set; }

    /// <summary>Gets why the sequence ended, once it has finished.</summary>
    public FinishReason FinishReason { get; private set; }

    /// <summary>Gets what went wrong, if it finished with an error.</summary>
    public GenerationError? Error { get; private set; }

    /// <summary>Gets the tokens of the prompt.</summary>
    public int PromptLength => Request.PromptIds.Length;

    /// <summary>Gets prompt + max new tokens: what the sequence reserves, less its prefix if it shares it.</summary>
    public int TotalTokens => PromptLength + Request.Sampling.MaxTokens;

    /// <summary>Gets the leading tokens that are run as a shared prefix is, whether they are shared or not: those before the fork, if they are worth sharing and leave a token behind them.</summary>
    public int PrefixLength => Request.ForkPosition >= PrefillCuts.MinPrefixTokens && Request.ForkPosition < PromptLength ? Request.ForkPosition : 0;

    /// <summary>Gets whether prompt tokens are still to be run.</summary>
    public bool IsPrefilling => PrefilledTokens < PromptLength;

    /// <summary>Gets the position of the next token to be sampled.</summary>
    public int NextPosition => PromptLength + _tokenIds.Count;

    /// <summary>Notes whose tokens the prompt begins with.</summary>
    public void Join(PrefixNode prefix) => Prefix = prefix;

    /// <summary>Waiting → running, computing the whole prompt itself.</summary>
    /// <param name="offset">First element of its region.</param>
    /// <param name="prefixTrim">From where each layer runs in the chunks of its first <see cref="PrefixLength"/> tokens.</param>
    /// <param name="trim">From where each layer runs in the others.</param>
    public void Start(long offset, PrefillTrim prefixTrim, PrefillTrim trim)
    {
        Expect(SequenceStatus.Waiting);
        Status = SequenceStatus.Running;
        _offset = offset;
        _prefixTrim = prefixTrim;
        _trim = trim;
        ReservedTokens = TotalTokens;
    }

    /// <summary>Waiting → running, behind the node of its prefix.</summary>
    /// <param name="offset">First element of its region.</param>
    /// <param name="trim">From where each layer runs.</param>
    /// <param name="isFirst">Whether the node is computed on behalf of this sequence.</param>
    public void StartBehindPrefix(long offset, PrefillTrim trim, bool isFirst)
    {
        Start(offset, trim, trim);
        IsSharer = true;
        PrefilledTokens = PrefixLength;
        ReservedTokens = TotalTokens - PrefixLength;
        CachedPromptTokens = isFirst ? 0 : PrefixLength;
    }

    /// <summary>Notes that the region's contents have moved.</summary>
    public void Relocate(long offset)
    {
        Expect(SequenceStatus.Running);
        _offset = offset;
    }

    /// <summary>Describes the prompt's next chunk.</summary>
    public PrefillChunk NextChunk(int chunkTokens)
    {
        Expect(SequenceStatus.Running);
        int end = PrefillCuts.NextCut(PrefilledTokens, Request.ForkPosition, PromptLength, chunkTokens);
        return new PrefillChunk
        {
            SequenceId = Id,
            Region = Region,
            Position = PrefilledTokens,
            TokenIds = Request.PromptIds[PrefilledTokens..end],
            Trim = (PrefilledTokens < PrefixLength ? _prefixTrim : _trim)!, // set by Start, which Expect has proved
            IsLast = end == PromptLength,
        };
    }

    /// <summary>Describes the decoding of the newest token.</summary>
    public DecodeToken NextDecode() => new(Id, Region, NextPosition - 1, _tokenIds[^1]);

    /// <summary>Notes that prompt tokens have run.</summary>
    public void AdvancePrefill(int tokens)
    {
        Expect(SequenceStatus.Running);
        PrefilledTokens += tokens;
    }

    /// <summary>Takes what was sampled: adds the token, or running → finished.</summary>
    public void Accept(SampledToken sampled)
    {
        Expect(SequenceStatus.Running);
        if (sampled.Problem is { } problem)
        {
            Error = new GenerationError("inference_error", problem);
            Finish(FinishReason.Error);
            return;
        }

        CompletionTokens++;
        var parameters = Request.Sampling;
        if ((!parameters.IgnoreEndTokens && _endTokenIds.Contains(sampled.TokenId)) || parameters.StopTokenIds.Contains(sampled.TokenId))
        {
            _text?.Finish();
            Finish(FinishReason.Stop);
            return;
        }

        _tokenIds.Add(sampled.TokenId);
        if (sampled.Logprobs is { } logprobs)
            _logprobs?.Add(logprobs);
        Sampling.Record(sampled.TokenId);
        bool isStopped = _text?.Append(sampled.TokenId) ?? false;
        if (!isStopped && CompletionTokens == parameters.MaxTokens)
            isStopped = _text?.Finish() ?? false;
        if (isStopped)
            Finish(FinishReason.Stop);
        else if (CompletionTokens == parameters.MaxTokens)
            Finish(FinishReason.Length);
    }

    /// <summary>Waiting → finished, because the request cannot run.</summary>
    public void Reject(GenerationError error)
    {
        Expect(SequenceStatus.Waiting);
        Error = error;
        Finish(FinishReason.Error);
    }

    /// <summary>Waiting or running → finished, because nobody wants the rest.</summary>
    public void Cancel() => Finish(FinishReason.Cancelled);

    /// <summary>Describes the outcome.</summary>
    /// <param name="kvBytes">Bytes that the sequence reserved.</param>
    public GenerationResult ToResult(long kvBytes)
    {
        Expect(SequenceStatus.Finished);
        return new GenerationResult
        {
            CustomId = Request.CustomId,
            Key = Request.Key,
            TokenIds = _tokenIds,
            Text = _text?.ToString(),
            FinishReason = FinishReason,
            PromptTokens = PromptLength,
            CachedPromptTokens = CachedPromptTokens,
            CompletionTokens = CompletionTokens,
            Logprobs = _logprobs,
            Error = Error,
            Timings = Clock.Stop(),
            KvBytes = kvBytes,
            Prefill = Prefill,
        };
    }

    private void Finish(FinishReason reason)
    {
        if (Status == SequenceStatus.Finished)
            throw new InvalidOperationException($"Sequence {Id} has finished already ({FinishReason}).");
        Status = SequenceStatus.Finished;
        FinishReason = reason;
    }

    private void Expect(SequenceStatus status)
    {
        if (Status != status)
            throw new InvalidOperationException($"Sequence {Id} is {Status}, not {status}.");
    }
}
