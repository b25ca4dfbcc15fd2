using static TorchSharp.torch;

namespace MixAttention.Compute.Attention;

/// <summary>Masks the two corners of a tile of scores: keys after the query and keys that have left its window.</summary>
internal sealed class TileMask : IDisposable
{
    private readonly int _tile;
    private readonly int _keys;
    private readonly Tensor _future;   // [tile, tile]: −∞ right of the diagonal, added to the last columns
    private readonly Tensor? _expired; // [tile, columns]: −∞ where the key has left the window, added to the first columns

    /// <param name="tile">Queries.</param>
    /// <param name="keys">Keys; the last one is the last query's own.</param>
    /// <param name="past">Keys before the first query's own.</param>
    /// <param name="window">Visible keys; null for all.</param>
    public TileMask(int tile, int keys, int past, int? window, ScalarType type, Device device)
    {
        _tile = tile;
        _keys = keys;
        using var blocked = full([tile, tile], float.NegativeInfinity, type, device);
        _future = blocked.triu(1);
        // Query i sees keys from column past + i − window + 1 on: with s = past − window + 1 ≤ 0, column j is gone when j < i + s.
        if (window is { } w && tile + past - w > 0)
        {
            int shift = past - w + 1;
            using var below = blocked.tril(-1);
            using var columns = below.narrow(1, -shift, tile + shift);
            _expired = columns.alias();
        }
    }

    /// <summary>Adds the masks in place.</summary>
    /// <param name="scores">[heads · tile, keys] or [G, rep · tile, keys].</param>
    /// <param name="heads">Query heads in all.</param>
    public void Apply(Tensor scores, int heads)
    {
        using var byHead = scores.view(heads, _tile, _keys);
        using (var last = byHead.narrow(2, _keys - _tile, _tile))
            last.AddInPlace(_future);
        if (_expired is null)
            return;
        using var first = byHead.narrow(2, 0, _expired.shape[1]);
        first.AddInPlace(_expired);
    }

    public void Dispose()
    {
        _future.Dispose();
        _expired?.Dispose();
    }
}
