using MixAttention.Batch.Records;

namespace MixAttention.Batch.Output;

/// <summary>Writes records as they finish and leaves a file in input order.</summary>
/// <remarks>
/// Lines go to <c>{path}.partial</c> at once, so that a process that dies leaves what was finished; <see cref="Complete"/> puts them in order and renames. The longest
/// requests run first, so order can only be made at the end; in memory there is a place and a length per line. The partial file is locked while it is open.
/// </remarks>
internal sealed class RecordFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _partial;
    private readonly List<(int Row, long Offset, int Length)> _lines = [];

    public RecordFile(string path)
    {
        _path = path;
        _partial = new FileStream(PartialPath(path), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
    }

    public static string PartialPath(string path) => path + ".partial";

    public void Append(ResultRecord record)
    {
        byte[] line = [.. RecordJson.Write(record), (byte)'\n'];
        _lines.Add((record.XBatch.Row, _partial.Position, line.Length));
        _partial.Write(line);
        _partial.Flush();
    }

    /// <summary>Renames the lines, in input order, to the file's name; nothing can be appended afterwards.</summary>
    public void Complete()
    {
        var ordered = _lines.OrderBy(l => l.Row).ToList();
        if (ordered.SequenceEqual(_lines))
        {
            _partial.Flush(flushToDisk: true);
            _partial.Dispose();
            File.Move(PartialPath(_path), _path, overwrite: true);
            return;
        }

        string temporary = _path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            foreach (var (_, offset, length) in ordered)
            {
                var line = new byte[length];
                _partial.Position = offset;
                _partial.ReadExactly(line);
                file.Write(line);
            }

            file.Flush(flushToDisk: true);
        }

        _partial.Dispose();
        File.Move(temporary, _path, overwrite: true);
        File.Delete(PartialPath(_path));
    }

    public void Dispose() => _partial.Dispose();
}
