using System.Text;
using System.Text.Json;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Output;

/// <summary>Removes from an output folder the files that a former run wrote, and no others: which texts are its own is told by its lines.</summary>
internal static class FormerRun
{
    public static void Remove(string root)
    {
        string[] lines = [.. new[] { OutputFolder.Successes, OutputFolder.Failures }.SelectMany(n => new[] { n, RecordFile.PartialPath(n) }).Select(n => Path.Combine(root, n))];
        foreach (string file in lines.Where(File.Exists))
        {
            foreach (string text in TextsOf(file))
            {
                string path = Path.Combine(root, text);
                if (RealPath.Of(path) is { } real && RealPath.IsWithin(real, Path.Combine(RealPath.Of(root)!, TextPathPlan.Folder))) // The root exists.
                    File.Delete(path);
            }
        }

        foreach (string file in lines.Append(Path.Combine(root, OutputFolder.TemporaryText)).Append(Path.Combine(root, OutputFolder.Report)))
            File.Delete(file);
        string texts = Path.Combine(root, TextPathPlan.Folder);
        if (Directory.Exists(texts) && new FileInfo(texts).LinkTarget is null)
            RemoveEmptyFolders(texts);
    }

    private static IEnumerable<string> TextsOf(string recordFile)
    {
        foreach (string line in File.ReadLines(recordFile))
        {
            string? text = null;
            try
            {
                text = RecordJson.Read(Encoding.UTF8.GetBytes(line))?.XBatch?.Text;
            }
            catch (JsonException)
            {
                // A line cut short by a crash, or not ours: it names no text.
            }

            if (text is not null)
                yield return text;
        }
    }

    private static void RemoveEmptyFolders(string folder)
    {
        foreach (var child in new DirectoryInfo(folder).EnumerateDirectories().Where(d => d.LinkTarget is null).ToList())
            RemoveEmptyFolders(child.FullName);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }
}
