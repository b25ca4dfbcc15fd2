using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Decides which sequences run and what each step does. Integers only; knows no tensor, no clock and no thread.</summary>
/// <remarks>
/// Reservation is exact (prompt + max new tokens), so a running sequence is never preempted. Admission takes the longest waiting sequence that fits in the free bytes and never
/// stops at the first misfit; sequences whose prefix is in memory come before all others. A step is the decode tokens of all running sequences plus prompt chunks, oldest sequence
/// first, up to the token budget.
/// </remarks>
internal sealed class Scheduler(KvGeometry geometry, long arenaElements, EngineOptions options)
{
    private readonly KvArenaAllocator _arena = new(arenaElements);
    private readonly WaitingQueue _waiting = new();
    private readonly PrefixNodes _prefixes = new();

    // In order of admission.
    private readonly List<SequenceState> _running = [];

    // Whether something has come or gone since nothing more fitted.
    private bool _mayAdmit;

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
        if (options.SharePrefixes && sequence.PrefixLength > 0 && ElementsWithPrefix(sequence) <= arenaElements)
        {
            var text = new PrefixText(sequence.Request.PromptIds[..sequence.PrefixLength], Trims(sequence));
            sequence.Join(_prefixes.Join(text, () => PrefixTrim(sequence)));
        }

        _waiting.Add(sequence);
        _mayAdmit = true;
    }

    /// <summary>Admits what fits and plans the next step.</summary>
    /// <returns>Null when nothing waits and nothing runs.</returns>
    public ScheduledStep? Schedule()
    {
        var moves = Admit();
        if (_running.Count == 0)
            return null;

        var decoding = _running.Where(s => !s.IsPrefilling).ToArray();
        var (turns, chunks) = PlanPrefill(options.MaxTokensPerStep - decoding.Length);
        RingCopy[] copies = [.. turns.Where(t => t.IsFork).Select(t => new RingCopy(t.Sequence.Region.Prefix, t.Sequence.Region))];
        SequenceState[] sampled = [.. turns.Where((_, i) => chunks[i].IsLast).Select(t => t.Sequence), .. decoding];
        return new ScheduledStep(moves, copies, new StepPlan(chunks, [.. decoding.Select(s => s.NextDecode())]), turns, sampled);
    }

    /// <summary>Notes that a step has run, and releases what it finished.</summary>
    /// <returns>The sequences that finished.</returns>
    public IReadOnlyList<SequenceState> Complete(ScheduledStep step, StepOutput output)
    {
        foreach (var (turn, chunk) in step.Prefilled.Zip(step.Plan.Prefill))
        {
            if (turn.Prefix is { } prefix)
                prefix.AdvancePrefill(chunk.TokenIds.Length);
            else
                turn.Sequence.AdvancePrefill(chunk.TokenIds.Length);
        }

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
        var waiting = _waiting.TakeAll(isMeant);
        foreach (var sequence in running)
            Remove(sequence);
        foreach (var sequence in waiting)
            StopWaiting(sequence);
        SequenceState[] all = [.. running, .. waiting];
        foreach (var sequence in all)
            sequence.Cancel();
        return all;
    }

    /// <summary>Checks the arena, that exactly the running sequences and the prefixes that somebody needs hold regions of it, each of its exact size, and that the prefixes count their sequences right.</summary>
    /// <exception cref="InvalidOperationException">They do not: a bug.</exception>
    public void CheckIntegrity()
    {
        _arena.CheckIntegrity();
        var expected = _running.Select(s => new KvAllocation(s.Id, s.Region.Offset, geometry.Elements(s.ReservedTokens)))
            .Concat(_prefixes.Live.Select(p => new KvAllocation(p.Id, p.Region.Offset, geometry.Elements(p.Length))))
            .OrderBy(a => a.Offset);
        if (!expected.SequenceEqual(_arena.Regions))
            throw new InvalidOperationException($"The arena's regions ({string.Join(", ", _arena.Regions)}) are not those of the running sequences and their prefixes.");
        _prefixes.CheckIntegrity(_waiting.Sequences, _running);
    }

    private List<KvMove> Admit()
    {
        var moves = new List<KvMove>();
        while (_mayAdmit)
        {
            if (_running.Count < options.MaxSequences && TakeNext() is { } sequence)
                Start(sequence, moves);
            else if (_running.Count == 0 && _prefixes.Live.Count > 0)
                Close(_prefixes.Live[^1]); // Only prefixes without a running sequence hold memory, and too much of it for all that wait.
            else
                _mayAdmit = false;
        }

        return moves;
    }

    // Depth first: what a prefix is kept in memory for comes before anything else.
    private SequenceState? TakeNext() => _waiting.TakeLongest(s => s.Prefix is { IsLive: true } && Fits(s)) ?? _waiting.TakeLongest(Fits);

    private bool Fits(SequenceState sequence)
    {
        long needed = !Shares(sequence) ? geometry.Elements(sequence.TotalTokens)
            : sequence.Prefix!.IsLive ? geometry.Elements(sequence.TotalTokens - sequence.PrefixLength) // who shares has a prefix
            : ElementsWithPrefix(sequence);
        return needed <= _arena.Free;
    }

    // A prefix is opened for two or more, or for one whose followers are announced.
    private static bool Shares(SequenceState sequence) => sequence.Prefix is { } prefix && (prefix.IsLive || prefix.WaitingCount > 1 || sequence.Request.ExpectsSharers);

    private long ElementsWithPrefix(SequenceState sequence) => geometry.Elements(sequence.PrefixLength) + geometry.Elements(sequence.TotalTokens - sequence.PrefixLength);

    private void Start(SequenceState sequence, List<KvMove> moves)
    {
        var trim = Trim(sequence, sequence.PromptLength);
        if (Shares(sequence))
        {
            var prefix = sequence.Prefix!; // who shares has a prefix
            bool isFirst = !prefix.IsLive;
            if (isFirst)
                _prefixes.Open(prefix, Allocate(prefix.Id, prefix.Length, moves));
            prefix.SharerCount++;
            sequence.StartBehindPrefix(Allocate(sequence.Id, sequence.TotalTokens - prefix.Length, moves), trim, isFirst);
        }
        else
        {
            sequence.Start(Allocate(sequence.Id, sequence.TotalTokens, moves), PrefixTrim(sequence), trim);
        }

        _running.Add(sequence);
        StopWaiting(sequence);
    }

    private long Allocate(int holderId, int tokens, List<KvMove> moves)
    {
        int moved = moves.Count;
        if (!_arena.TryAllocate(holderId, geometry.Elements(tokens), moves, out long offset))
            throw new InvalidOperationException($"A region for {tokens} tokens was chosen to fit {_arena.Free} elements and does not.");
        foreach (var move in moves.Skip(moved))
        {
            if (_prefixes.Live.FirstOrDefault(p => p.Id == move.HolderId) is { } prefix)
                prefix.Relocate(move.To);
            else
                _running.Find(s => s.Id == move.HolderId)!.Relocate(move.To); // nobody else holds a region
        }

        return offset;
    }

    private bool Trims(SequenceState sequence) => options.TrimPrefill && !sequence.Request.Sampling.DisablePrefillTrimming;

    private PrefillTrim Trim(SequenceState sequence, int promptLength) =>
        Trims(sequence) ? PrefillTrim.Create(geometry.Layout, promptLength) : PrefillTrim.None(geometry.Layout, promptLength);

    // The shortest prompt behind a prefix is one token longer. Whether the prefix is shared or not makes no difference, so that it makes none to the bits.
    private PrefillTrim PrefixTrim(SequenceState sequence) => Trim(sequence, sequence.PrefixLength + 1);

    private (List<PrefillTurn> Turns, List<PrefillChunk> Chunks) PlanPrefill(int tokenBudget)
    {
        List<PrefillTurn> turns = [];
        List<PrefillChunk> chunks = [];
        foreach (var sequence in _running)
        {
            if (!sequence.IsPrefilling || (chunks.Count > 0 && tokenBudget <= 0))
                continue;
            // The oldest sharer runs the prefix's chunk for all; the others wait for it.
            var prefix = sequence is { IsSharer: true, Prefix: { IsComplete: false } node } ? node : null;
            if (prefix is not null && turns.Exists(t => t.Prefix == prefix))
                continue;
            var chunk = prefix is null ? sequence.NextChunk(options.ChunkTokens) : prefix.NextChunk(options.ChunkTokens);
            // One chunk runs in any case, so that prompts always come forward.
            if (chunks.Count > 0 && chunk.TokenIds.Length > tokenBudget)
                continue;
            turns.Add(new PrefillTurn(sequence, prefix));
            chunks.Add(chunk);
            tokenBudget -= chunk.TokenIds.Length;
        }

        return (turns, chunks);
    }

    private void Remove(SequenceState sequence)
    {
        _arena.Release(sequence.Id);
        _running.Remove(sequence);
        _mayAdmit = true;
        if (sequence is not { IsSharer: true, Prefix: { } prefix })
            return;
        prefix.SharerCount--;
        CloseIfUnneeded(prefix);
    }

    private void StopWaiting(SequenceState sequence)
    {
        if (sequence.Prefix is not { } prefix)
            return;
        prefix.WaitingCount--;
        CloseIfUnneeded(prefix);
    }

    private void CloseIfUnneeded(PrefixNode prefix)
    {
        if (prefix.WaitingCount > 0 || prefix.SharerCount > 0)
            return;
        if (prefix.IsLive)
            Close(prefix);
        _prefixes.Forget(prefix);
    }

    private void Close(PrefixNode prefix)
    {
        _arena.Release(prefix.Id);
        _prefixes.Close(prefix);
        _mayAdmit = true;
    }
}
