using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Inputs;

/// <summary>Remembers a number for each of many ids, such as its line in a file, in 27 to 54 bytes an id, however long the ids are.</summary>
/// <remarks>Ids are kept as 128 bits of their SHA-256: that two different ones meet is out of reach, even for who wants it. An open table; a number of 0 marks a free place.</remarks>
internal sealed class IdTable
{
    private UInt128[] _hashes = new UInt128[1024];
    private int[] _numbers = new int[1024];

    /// <summary>Gets the number of ids.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an id unless it is known.</summary>
    /// <param name="number">Not 0.</param>
    /// <returns>The number that the id has already; null when it is new.</returns>
    public int? Add(string id, int number)
    {
        if (Count >= _numbers.Length / 4 * 3)
            Grow();
        var hash = Hash(id);
        int place = PlaceOf(hash);
        if (_numbers[place] != 0)
            return _numbers[place];
        (_hashes[place], _numbers[place]) = (hash, number);
        Count++;
        return null;
    }

    /// <summary>Finds the number of an id.</summary>
    /// <returns>Null when the id is not known.</returns>
    public int? Find(string id) => _numbers[PlaceOf(Hash(id))] is var number and not 0 ? number : null;

    /// <summary>Gives a known id another number.</summary>
    /// <param name="number">Not 0.</param>
    public void Replace(string id, int number) => _numbers[PlaceOf(Hash(id))] = number;

    private static UInt128 Hash(string id) => MemoryMarshal.Read<UInt128>(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private int PlaceOf(UInt128 hash)
    {
        int mask = _numbers.Length - 1; // A power of two.
        int place = (int)(uint)hash & mask;
        while (_numbers[place] != 0 && _hashes[place] != hash)
            place = (place + 1) & mask;
        return place;
    }

    private void Grow()
    {
        var (hashes, numbers) = (_hashes, _numbers);
        _hashes = new UInt128[hashes.Length * 2];
        _numbers = new int[numbers.Length * 2];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] == 0)
                continue;
            int place = PlaceOf(hashes[i]);
            (_hashes[place], _numbers[place]) = (hashes[i], numbers[i]);
        }
    }
}
