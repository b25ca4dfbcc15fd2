namespace MixAttention.Batch.Jobs;

/// <summary>Collects in what an input differs from the one that its job was begun with, and refuses it by name.</summary>
/// <param name="what">What the input holds, such as documents.</param>
/// <param name="cure">What to do about it.</param>
internal sealed class InputDifferences(string what, string cure)
{
    private const int Shown = 5;

    private readonly Names _changed = new("changed"), _gone = new("gone"), _moved = new("in another place");

    /// <summary>Gets whether there are any.</summary>
    public bool Any => _changed.Count + _gone.Count + _moved.Count > 0;

    /// <summary>Notes that something says another thing.</summary>
    public void AddChanged(string id) => _changed.Add(id);

    /// <summary>Notes that something is not there any more.</summary>
    public void AddGone(string id) => _gone.Add(id);

    /// <summary>Notes that something does not come where it came.</summary>
    public void AddMoved(string id) => _moved.Add(id);

    /// <summary>Refuses an input with differences.</summary>
    /// <exception cref="BatchException">There are some.</exception>
    public void ThrowIfAny()
    {
        var named = new[] { _changed, _gone, _moved }.Where(n => n.Count > 0 && (n != _moved || _gone.Count == 0)); // Where something has gone, what follows is in another place.
        if (Any)
            throw BatchException.Usage($"The {what} are not those that the job was begun with: {string.Join("; ", named)}. {cure}");
    }

    private sealed class Names(string verb)
    {
        private readonly List<string> _first = [];

        public int Count { get; private set; }

        public void Add(string id)
        {
            if (Count++ < Shown)
                _first.Add(id);
        }

        public override string ToString() => $"{verb} {(Count > 1 ? "are" : "is")} {string.Join(", ", _first)}{(Count > Shown ? $" and {Count - Shown} more" : "")}";
    }
}
