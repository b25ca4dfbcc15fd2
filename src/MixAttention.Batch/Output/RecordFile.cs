namespace MixAttention.Batch.Output;

/// <summary>Writes lines to <c>{path}.partial</c> and renames it once it is whole.</summary>
internal sealed class RecordFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _partial;

    public RecordFile(string path)
    {
        _path = path;
        _partial = FreshFile.Create(PartialPath(path));
    }

    public static string PartialPath(string path) => path + ".partial";

    public void Append(ReadOnlyMemory<byte> line)
    {
        _partial.Write(line.Span);
        _partial.WriteByte((byte)'\n');
    }

    /// <summary>Gives the file its name; nothing can be appended afterwards.</summary>
    public void Complete()
    {
        _partial.Flush(flushToDisk: true);
        _partial.Dispose();
        File.Move(PartialPath(_path), _path, overwrite: true);
    }

    public void Dispose() => _partial.Dispose();
}
