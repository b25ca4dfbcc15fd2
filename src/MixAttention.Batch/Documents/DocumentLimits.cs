namespace MixAttention.Batch.Documents;

/// <summary>Bounds what reading one document may cost, whatever its bytes say. A document over a limit is refused as <c>document_too_large</c>.</summary>
public sealed record DocumentLimits
{
    /// <summary>Gets the most pages of a PDF: 10,000 unless set.</summary>
    public int MaxPages { get; init; } = 10_000;

    /// <summary>Gets the most entries of an archive (.docx, .epub): 10,000 unless set.</summary>
    public int MaxEntries { get; init; } = 10_000;

    /// <summary>Gets the most bytes that may be inflated from one document: 256 MiB unless set. Parts that hold no text, such as images, are not inflated.</summary>
    public long MaxInflatedBytes { get; init; } = 256 << 20;

    /// <summary>Gets how many times its own length an archive may be inflated to: 200 unless set. The first 16 MiB are free of it.</summary>
    public int MaxInflationRatio { get; init; } = 200;

    /// <summary>Gets how deep elements of XML and objects of PDF may be nested: 256 unless set. HTML is read without a tree, so its depth costs nothing.</summary>
    public int MaxDepth { get; init; } = 256;
}
