namespace MixAttention.Batch.Documents;

/// <summary>Names a document of the input before it is read.</summary>
/// <param name="Index">Its place in input order, from 0.</param>
/// <param name="Id">Its name in results: the path below its INPUT with forward slashes, <c>stdin</c> for standard input.</param>
/// <param name="Path">The file; null for standard input.</param>
/// <param name="ByteCount">The file's length when it was found; 0 for standard input.</param>
public sealed record DocumentEntry(int Index, string Id, string? Path, long ByteCount)
{
    /// <summary>Gets the artifact that holds it; null when it is a file, or standard input that nobody has read yet.</summary>
    public string? Artifact { get; init; }

    /// <summary>Gets where it begins in the artifact, which holds a line for each of many; null when the artifact is the document.</summary>
    public long? Offset { get; init; }

    /// <summary>Gets the digest of its bytes when its job was submitted; null when nobody knows.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>What a search for documents found and what it passed over.</summary>
/// <param name="Count">The documents.</param>
/// <param name="LargestByteCounts">The lengths of the largest of them, at most 1024, the largest first.</param>
/// <param name="HiddenSkipped">Files and folders whose name starts with a dot.</param>
/// <param name="LinksSkipped">Links that lead out of the folder, and links to folders.</param>
/// <param name="OthersSkipped">Files of other types and files that the globs leave out.</param>
public sealed record FoundDocuments(int Count, IReadOnlyList<long> LargestByteCounts, int HiddenSkipped, int LinksSkipped, int OthersSkipped);
