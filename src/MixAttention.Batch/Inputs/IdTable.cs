using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Inputs;

/// <summary>Remembers which ids a file has had and in which lines, in 27 to 54 bytes an id, however long the ids are.</summary>
/// <remarks>Ids are kept as 128 bits of their SHA-256: that two different ones meet is out of reach, even for who wants it. An open table; a line number of 0 marks a free place.</remarks>
internal sealed class IdTable
{
    private UInt128[] _hashes = new UInt128[1024];
    private int[] _lines = new int[1024];
    private int _count;

    /// <summary>Adds an id unless it is known.</summary>
    /// <param name="line">From 1.</param>
    /// <returns>The line that has the id already; null when it is new.</returns>
    public int? Add(string id, int line)
    {
        if (_count >= _lines.Length / 4 * 3)
            Grow();
        var hash = MemoryMarshal.Read<UInt128>(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
        int place = Find(hash);
        if (_lines[place] > 0)
            return _lines[place];
        (_hashes[place], _lines[place]) = (hash, line);
        _count++;
        return null;
    }

    private int Find(UInt128 hash)
    {
        int mask = _lines.Length - 1; // A power of two.
        int place = (int)(uint)hash & mask;
        while (_lines[place] > 0 && _hashes[place] != hash)
            place = (place + 1) & mask;
        return place;
    }

    private void Grow()
    {
        var (hashes, lines) = (_hashes, _lines);
        _hashes = new UInt128[hashes.Length * 2];
        _lines = new int[lines.Length * 2];
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i] == 0)
                continue;
            int place = Find(hashes[i]);
            (_hashes[place], _lines[place]) = (hashes[i], lines[i]);
        }
    }
}
