using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace MixAttention.Model.Checkpoints;

/// <summary>Maps one safetensors file into memory, read-only, and knows its tensors.</summary>
/// <remarks>Pages are read when touched. The file must not be shortened while it is mapped.</remarks>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafeMemoryMappedViewHandle _handle;
    private byte* _start;

    private SafetensorsFile(FileStream stream)
    {
        Length = stream.Length;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _handle = _view.SafeMemoryMappedViewHandle;
        byte* start = null;
        _handle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
    }

    /// <summary>Gets the file's length in bytes.</summary>
    internal long Length { get; }

    /// <summary>Gets the tensors in the order of their offsets.</summary>
    internal IReadOnlyList<TensorEntry> Tensors { get; private set; } = [];

    /// <summary>Maps a file and checks its header; null when anything is wrong.</summary>
    internal static SafetensorsFile? Open(string folder, string fileName, List<CheckpointProblem> problems)
    {
        SafetensorsFile? file = null;
        try
        {
            var stream = new FileStream(Path.Combine(folder, fileName), FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length < SafetensorsHeader.LengthBytes)
            {
                using (stream)
                    SafetensorsHeader.Read([], stream.Length, fileName, problems);
                return null;
            }

            file = new SafetensorsFile(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new($"{fileName}: the file cannot be read: {e.Message} Check that it is there and that you may read it."));
            return null;
        }

        int before = problems.Count;
        file.Tensors = SafetensorsHeader.Read(new ReadOnlySpan<byte>(file._start, (int)Math.Min(file.Length, int.MaxValue)), file.Length, fileName, problems);
        if (problems.Count == before)
            return file;
        file.Dispose();
        return null;
    }

    /// <summary>Gets a tensor's first byte; valid until the file is disposed.</summary>
    internal byte* Pointer(TensorEntry tensor)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(tensor.Offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tensor.Offset, Length - tensor.ByteCount);
        return _start + tensor.Offset;
    }

    /// <summary>Unmaps the file; pointers into it are invalid from then on.</summary>
    public void Dispose()
    {
        if (_start is null)
            return;
        _start = null;
        _handle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
