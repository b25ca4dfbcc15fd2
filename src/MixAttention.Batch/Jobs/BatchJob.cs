using System.Collections.Concurrent;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Models;
using MixAttention.Batch.Output;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Jobs;

/// <summary>Runs a job's documents through a model and writes one line per request.</summary>
/// <remarks>
/// Documents are read when the engine has room to wait for them, the longest first, so that no long one is left alone at the end; their text is dropped once it is a prompt.
/// Every request gives a success or a failure, never both, never neither, unless the job is interrupted: then what finished is written, in input order, and the rest has no line.
/// </remarks>
public sealed class BatchJob
{
    private const int FailuresKept = 5;

    private readonly JobManifest _manifest;
    private readonly BatchOptions _options;
    private readonly TextModel _model;
    private readonly RecordFactory _records;
    private readonly DocumentReader _reader;
    private readonly PromptBuilder _prompts;
    private readonly TimeProvider _time;
    private readonly List<BatchRequest> _requests;
    private readonly ConcurrentDictionary<string, (BatchRequest Request, string? Sha256)> _inFlight = new();
    private readonly Lock _writing = new();
    private readonly List<JobFailure> _firstFailures = [];
    private OutputFolder? _output;
    private InferenceEngine? _engine;
    private long _started;
    private int _succeeded;
    private int _failed;
    private long _bytesPrompted;
    private long _tokensPrompted;

    /// <summary>Prepares a job; nothing is read or written yet.</summary>
    /// <param name="manifest">The submitter's decisions.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="model">The model.</param>
    /// <param name="fingerprint">What results depend on besides the documents.</param>
    /// <param name="standardInput">Opens standard input.</param>
    /// <param name="time">The clock.</param>
    public BatchJob(JobManifest manifest, BatchOptions options, TextModel model, string fingerprint, Func<Stream> standardInput, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(model);
        _manifest = manifest;
        _options = options;
        _model = model;
        _time = time;
        _records = new RecordFactory(fingerprint, manifest.Task.Instructions, manifest.ModelName, manifest.CreatedAt.ToUnixTimeSeconds(), id => model.Tokenizer.Decode([id]));
        _reader = new DocumentReader(options.MaxDocumentBytes, standardInput);
        _prompts = new PromptBuilder(model.Tokenizer, model.ChatTemplate, manifest.Task);
        _requests = BatchRequest.ListAll(manifest.Documents, manifest.Task.Instructions.Count);
    }

    /// <summary>Gets the number of requests.</summary>
    public int RequestCount => _requests.Count;

    /// <summary>Gets where the job is; may be called from any thread while it runs.</summary>
    public JobProgress Progress
    {
        get
        {
            var engine = _engine?.Snapshot ?? new EngineSnapshot();
            int succeeded = Volatile.Read(ref _succeeded), failed = Volatile.Read(ref _failed);
            var elapsed = _started == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_started);
            return new JobProgress(_requests.Count, succeeded + failed, failed, elapsed, Share(engine.PromptTokens), engine);
        }
    }

    /// <summary>Runs the job to its end.</summary>
    /// <param name="cancellationToken">Interrupts the job: what has finished is written and the report says so.</param>
    /// <exception cref="BatchException">The output cannot be written, or the memory holds not even one request.</exception>
    /// <exception cref="EngineException">The model could not be loaded or a step failed.</exception>
    public async Task<JobReport> RunAsync(CancellationToken cancellationToken)
    {
        // 1. Load the model: if that fails, a former run's results stay.
        var engine = InferenceEngine.Start(_model.CreateRunner, _options.Engine, _model.Tokenizer, _model.EndTokenIds, _time);
        await using var _ = engine.ConfigureAwait(false);
        CheckBudget(await engine.Ready.WaitAsync(cancellationToken).ConfigureAwait(false));
        _engine = engine;

        // 2. Open the output, read documents and write results, all at the same time as the engine runs.
        using var output = OutputFolder.Create(_options.OutputFolder);
        _output = output;
        _started = _time.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = StopOnFailureAsync(SubmitAllAsync(engine, stop.Token), stop);
        var writing = StopOnFailureAsync(WriteResultsAsync(engine, stop.Token), stop);
        try
        {
            using (stop.Token.Register(engine.Cancel))
                await Task.WhenAll(reading, writing).ConfigureAwait(false);
        }
        catch (EngineException e)
        {
            throw BatchException.Job($"{e.Message.TrimEnd('.')}. What had finished is in {_options.OutputFolder}/*.jsonl.partial; run again with --overwrite.", e);
        }

        // 3. Put the lines in input order, also after an interruption.
        output.Complete();
        return new JobReport
        {
            Requests = _requests.Count,
            Succeeded = _succeeded,
            Failed = _failed,
            FirstFailures = _firstFailures,
            IsInterrupted = _succeeded + _failed < _requests.Count,
            Elapsed = _time.GetElapsedTime(_started),
            Engine = engine.Snapshot,
        };
    }

    private void CheckBudget(EngineInfo info)
    {
        int tokens = 1 + _manifest.Sampling.MaxTokens;
        long least = info.KvGeometry.Bytes(tokens);
        if (least > info.KvBytes)
        {
            throw BatchException.Usage($"{ByteSize.Format(info.KvBytes)} of KV memory hold not even one request: a prompt of one token and --max-tokens {_manifest.Sampling.MaxTokens} need " +
                $"{ByteSize.Format(least)}. Give --memory {ByteSize.RoundUpToOption(least)} or more, or lower --max-tokens.");
        }
    }

    private async Task SubmitAllAsync(InferenceEngine engine, CancellationToken cancellationToken)
    {
        foreach (var requests in _requests.GroupBy(r => r.Document).OrderByDescending(g => g.Key.ByteCount).ThenBy(g => g.Key.Index))
        {
            var document = await _reader.ReadAsync(requests.Key, cancellationToken).ConfigureAwait(false);
            foreach (var request in requests)
            {
                if (document.Error is { } error)
                    Fail(request, document.Sha256, error);
                else
                    await SubmitAsync(engine, request, document, cancellationToken).ConfigureAwait(false);
            }
        }

        engine.CompleteSubmissions();
    }

    private async Task SubmitAsync(InferenceEngine engine, BatchRequest request, Document document, CancellationToken cancellationToken)
    {
        var prompt = _prompts.Build(document.Text!, request.InstructionIndex); // No error, so there is text.
        Interlocked.Add(ref _bytesPrompted, request.Document.ByteCount);
        Interlocked.Add(ref _tokensPrompted, prompt.TokenIds.Length);
        _inFlight[request.CustomId] = (request, document.Sha256);
        await engine.SubmitAsync(
            new GenerationRequest
            {
                CustomId = request.CustomId,
                PromptIds = prompt.TokenIds,
                ForkPosition = prompt.ForkPosition,
                ExpectsSharers = _manifest.Task.SharesPrefixes,
                Sampling = _manifest.Sampling,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteResultsAsync(InferenceEngine engine, CancellationToken cancellationToken)
    {
        // Not cancelled: after an interruption the engine still hands out what has finished.
        await foreach (var result in engine.Results.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (result.FinishReason == FinishReason.Cancelled || !_inFlight.TryRemove(result.CustomId, out var origin))
                continue;
            if (result.Error is { } error)
            {
                Fail(origin.Request, origin.Sha256, error);
                continue;
            }

            var record = _records.Success(origin.Request, origin.Sha256, result);
            lock (_writing)
                _output!.WriteSuccess(record);
            Interlocked.Increment(ref _succeeded);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Fail(BatchRequest request, string? sha256, GenerationError error)
    {
        var record = _records.Failure(request, sha256, error);
        lock (_writing)
        {
            _output!.WriteFailure(record);
            if (_firstFailures.Count < FailuresKept)
                _firstFailures.Add(new JobFailure(request.CustomId, error));
        }

        Interlocked.Increment(ref _failed);
    }

    /// <summary>Waits for one side of the job; its failure stops the other side, and an interruption is no failure.</summary>
    private static async Task StopOnFailureAsync(Task side, CancellationTokenSource stop)
    {
        try
        {
            await side.ConfigureAwait(false);
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or InvalidOperationException)
        {
            // Interrupted (the engine takes no more requests), or the other side has failed and says why.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Estimates the share of all prompt tokens that have run, from the tokens per byte seen so far.</summary>
    private double Share(long promptTokensRun)
    {
        long bytes = Interlocked.Read(ref _bytesPrompted), tokens = Interlocked.Read(ref _tokensPrompted);
        double all = bytes == 0 ? 0 : (double)tokens / bytes * _requests.Sum(r => r.Document.ByteCount);
        return all == 0 ? 0 : Math.Clamp(promptTokensRun / Math.Max(all, tokens), 0, 1);
    }
}
