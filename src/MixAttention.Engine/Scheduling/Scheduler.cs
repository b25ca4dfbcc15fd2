using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>What a step does: first the moves in order, then the plan.</summary>
/// <param name="Moves">Regions that make room for admitted sequences.</param>
/// <param name="Plan">What the model runs.</param>
/// <param name="Prefilled">The sequence of each chunk of the plan.</param>
/// <param name="Sampled">The sequence of each row of logits of the plan.</param>
internal sealed record ScheduledStep(IReadOnlyList<KvMove> Moves, StepPlan Plan, IReadOnlyList<SequenceState> Prefilled, IReadOnlyList<SequenceState> Sampled);

/// <summary>Decides which sequences run and what each step does. Integers only; knows no tensor, no clock and no thread.</summary>
/// <remarks>
/// Reservation is exact (prompt + max new tokens), so a running sequence is never preempted. Admission takes the longest waiting sequence that fits in the free bytes and never
/// stops at the first misfit. A step is the decode tokens of all running sequences plus prompt chunks, oldest sequence first, up to the token budget.
/// </remarks>
internal sealed class Scheduler(KvGeometry geometry, long arenaElements, EngineOptions options)
{
    private readonly KvArenaAllocator _arena = new(arenaElements);
    private readonly long _elementsPerToken = geometry.BytesPerToken / geometry.BytesPerElement;
    private readonly long _ringElements = geometry.RingBytes / geometry.BytesPerElement;
    private readonly WaitingQueue _waiting = new();

    // In order of admission.
    private readonly List<SequenceState> _running = [];

    /// <summary>Gets the number of sequences that wait.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Gets prompt + max new tokens of all sequences that wait.</summary>
    public long WaitingTokens => _waiting.Tokens;

    /// <summary>Gets the number of sequences that run.</summary>
    public int RunningCount => _running.Count;

    /// <summary>Gets the elements of the arena reserved now.</summary>
    public long KvElementsUsed => _arena.Used;

    /// <summary>Gets the most elements that were ever reserved at once.</summary>
    public long PeakKvElementsUsed => _arena.PeakUsed;

    /// <summary>Adds a waiting sequence that fits into the empty arena.</summary>
    public void Add(SequenceState sequence)
    {
        if (geometry.Elements(sequence.TotalTokens) > arenaElements)
            throw new ArgumentException($"Sequence {sequence.Id} never fits into {arenaElements} elements. Answer it with an error instead.", nameof(sequence));
        _waiting.Add(sequence);
    }

    /// <summary>Admits what fits and plans the next step.</summary>
    /// <returns>Null when nothing waits and nothing runs.</returns>
    public ScheduledStep? Schedule()
    {
        var moves = Admit();
        if (_running.Count == 0)
            return null;

        var decoding = _running.Where(s => !s.IsPrefilling).ToArray();
        var (prefilled, chunks) = PlanPrefill(options.MaxTokensPerStep - decoding.Length);
        var sampled = prefilled.Where((_, i) => chunks[i].IsLast).Concat(decoding).ToArray();
        return new ScheduledStep(moves, new StepPlan(chunks, [.. decoding.Select(s => s.NextDecode())]), prefilled, sampled);
    }

    /// <summary>Notes that a step has run, and releases what it finished.</summary>
    /// <returns>The sequences that finished.</returns>
    public IReadOnlyList<SequenceState> Complete(ScheduledStep step, StepOutput output)
    {
        for (int i = 0; i < step.Prefilled.Count; i++)
            step.Prefilled[i].AdvancePrefill(step.Plan.Prefill[i].TokenIds.Length);
        for (int i = 0; i < step.Sampled.Count; i++)
            step.Sampled[i].Accept(output.Tokens[i]);

        var finished = step.Sampled.Where(s => s.Status == SequenceStatus.Finished).ToArray();
        foreach (var sequence in finished)
            Remove(sequence);
        return finished;
    }

    /// <summary>Ends sequences, waiting or running. Not between <see cref="Schedule"/> and <see cref="Complete"/>.</summary>
    /// <returns>The sequences that are meant, cancelled.</returns>
    public IReadOnlyList<SequenceState> Cancel(Func<SequenceState, bool> isMeant)
    {
        var running = _running.Where(isMeant).ToArray();
        foreach (var sequence in running)
            Remove(sequence);
        SequenceState[] all = [.. running, .. _waiting.TakeAll(isMeant)];
        foreach (var sequence in all)
            sequence.Cancel();
        return all;
    }

    /// <summary>Checks the arena, and that exactly the running sequences hold regions of it, each of its exact size.</summary>
    /// <exception cref="InvalidOperationException">They do not: a bug.</exception>
    public void CheckIntegrity()
    {
        _arena.CheckIntegrity();
        var expected = _running.Select(s => new KvAllocation(s.Id, s.Region.Offset, geometry.Elements(s.TotalTokens))).OrderBy(a => a.Offset);
        if (!expected.SequenceEqual(_arena.Regions))
            throw new InvalidOperationException($"The arena's regions ({string.Join(", ", _arena.Regions)}) are not those of the running sequences.");
    }

    private List<KvMove> Admit()
    {
        var moves = new List<KvMove>();
        while (_running.Count < options.MaxSequences && _waiting.TakeLongest(MaxTokensInFreeRoom()) is { } sequence)
        {
            int moved = moves.Count;
            if (!_arena.TryAllocate(sequence.Id, geometry.Elements(sequence.TotalTokens), moves, out long offset))
                throw new InvalidOperationException($"Sequence {sequence.Id} was chosen to fit {_arena.Free} elements and does not.");
            foreach (var move in moves.Skip(moved))
                _running.Find(s => s.Id == move.SequenceId)!.Relocate(move.To); // only running sequences hold regions
            bool trims = options.TrimPrefill && !sequence.Request.Sampling.DisablePrefillTrimming;
            var trim = trims ? PrefillTrim.Create(geometry.Layout, sequence.PromptLength) : PrefillTrim.None(geometry.Layout, sequence.PromptLength);
            sequence.Start(new KvRegion(offset, sequence.TotalTokens), trim);
            _running.Add(sequence);
        }

        return moves;
    }

    // The longest sequence whose exact reservation is free now.
    private int MaxTokensInFreeRoom()
    {
        long room = _arena.Free - _ringElements;
        if (room < 0)
            return 0;
        return _elementsPerToken == 0 ? int.MaxValue : (int)Math.Min(int.MaxValue, room / _elementsPerToken);
    }

    private (List<SequenceState> Sequences, List<PrefillChunk> Chunks) PlanPrefill(int tokenBudget)
    {
        List<SequenceState> sequences = [];
        List<PrefillChunk> chunks = [];
        foreach (var sequence in _running)
        {
            if (!sequence.IsPrefilling || (chunks.Count > 0 && tokenBudget <= 0))
                continue;
            var chunk = sequence.NextChunk(options.ChunkTokens);
            // One chunk runs in any case, so that prompts always come forward.
            if (chunks.Count > 0 && chunk.TokenIds.Length > tokenBudget)
                continue;
            sequences.Add(sequence);
            chunks.Add(chunk);
            tokenBudget -= chunk.TokenIds.Length;
        }

        return (sequences, chunks);
    }

    private void Remove(SequenceState sequence)
    {
        _arena.Release(sequence.Id);
        _running.Remove(sequence);
    }
}
