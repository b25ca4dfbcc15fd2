using System.Text;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Output;

/// <summary>Writes a run's results into a folder: output.jsonl, errors.jsonl and a text per answer.</summary>
/// <remarks>One thread at a time. Every file appears whole under its name or not at all; nothing is ever written outside the folder, nor through a link inside it.</remarks>
public sealed class OutputFolder : IDisposable
{
    /// <summary>The name of the page that shows a run.</summary>
    public const string Report = "report.html";

    internal const string Successes = "output.jsonl";
    internal const string Failures = "errors.jsonl";
    internal const string TemporaryText = ".text.tmp";

    private readonly string _root;
    private readonly string _temporary;
    private readonly HashSet<string> _folders = [];
    private readonly RecordFile _output;
    private readonly RecordFile _errors;

    private OutputFolder(string root)
    {
        _root = root;
        _temporary = Path.Combine(root, TemporaryText);
        _output = new RecordFile(Path.Combine(root, Successes));
        _errors = new RecordFile(Path.Combine(root, Failures));
    }

    /// <summary>Checks that a run may write into the folder; changes nothing.</summary>
    /// <exception cref="BatchException">It is a file, or it holds something other than a run that was begun and <paramref name="overwrite"/> is false.</exception>
    public static void Check(string path, bool overwrite)
    {
        if (File.Exists(path))
            throw BatchException.Usage($"The output {path} is a file. Name a folder.");
        if (!Directory.Exists(path) || StateFolder.Exists(path))
            return;
        if (!overwrite && Directory.EnumerateFileSystemEntries(path).FirstOrDefault() is { } entry)
            throw BatchException.Usage($"The output folder {path} is not empty (it holds {Path.GetFileName(entry)}). Choose another folder, or add --overwrite to replace a former run's results.");
    }

    /// <summary>Removes what a former run wrote, and nothing else.</summary>
    /// <exception cref="BatchException">The folder cannot be written.</exception>
    public static void RemoveFormerRun(string path)
    {
        if (Directory.Exists(path))
            Guard(path, () => FormerRun.Remove(Path.GetFullPath(path)));
    }

    /// <summary>Creates the folder and opens the files of this run.</summary>
    /// <exception cref="BatchException">The folder cannot be written.</exception>
    public static OutputFolder Create(string path)
    {
        OutputFolder? folder = null;
        Guard(path, () => folder = new OutputFolder(Directory.CreateDirectory(path).FullName));
        return folder!; // The guard has run it.
    }

    /// <summary>Writes the page that shows a run, in place of a former one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="page">What it holds.</param>
    /// <exception cref="BatchException">The file cannot be written.</exception>
    public static void WriteReport(string path, byte[] page) => Guard(path, () =>
    {
        string whole = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(whole)!); // A file lies in a folder.
        using var file = new RecordFile(whole);
        file.Append(page);
        file.Complete();
    });

    /// <summary>Writes a line; before a success's line its text, so that a line never names a file that is not there.</summary>
    /// <exception cref="BatchException">The disk is full or the folder cannot be written.</exception>
    public void Write(ResultLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        Guard(_root, () =>
        {
            if (!line.IsFailure && RecordJson.Read(line.Bytes.Span) is { Response: { } response, XBatch.Text: { } text })
                WriteText(text, response.Body.Choices[0].Message!.Content); // A document's success has one.
            (line.IsFailure ? _errors : _output).Append(line.Bytes);
        });
    }

    /// <summary>Gives the files their final names.</summary>
    /// <exception cref="BatchException">The disk is full or the folder cannot be written.</exception>
    public void Complete() => Guard(_root, () =>
    {
        _output.Complete();
        _errors.Complete();
    });

    /// <inheritdoc />
    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private void WriteText(string relativePath, string text)
    {
        string path = Path.Combine(_root, relativePath);
        CreateFolders(Path.GetDirectoryName(relativePath)!); // A text lies below "texts".
        string content = text.EndsWith('\n') ? text : text + "\n";
        using (var file = FreshFile.Create(_temporary))
            file.Write(Encoding.UTF8.GetBytes(content));
        File.Move(_temporary, path, overwrite: true);
    }

    private void CreateFolders(string relativePath)
    {
        if (relativePath.Length == 0 || !_folders.Add(relativePath))
            return;
        CreateFolders(Path.GetDirectoryName(relativePath)!); // Not rooted, so the parent of a single name is "".
        string path = Path.Combine(_root, relativePath);
        if (new FileInfo(path).LinkTarget is not null)
            throw BatchException.Usage($"{path} is a link, and texts are written into real folders only. Remove it or choose another output folder.");
        Directory.CreateDirectory(path);
    }

    private static void Guard(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    internal static BatchException Unwritable(string path, Exception e) =>
        BatchException.Job($"Cannot write to {path}: {e.Message.TrimEnd('.')}. Free some space or choose another output folder; what has finished is kept, and running again goes on from there.", e);
}
