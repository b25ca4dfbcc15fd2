using System.IO.Compression;
using MixAttention.Batch.Records;
using MixAttention.Engine.KvCache;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Tokens;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Decodes the streams of one PDF within a budget of bytes. Pictures are never decoded.</summary>
/// <remarks>The parser may swallow what a filter throws, so <see cref="Problem"/> is asked after it.</remarks>
internal sealed class BoundedPdfFilters(long maxBytes) : IFilterProvider
{
    private long _bytesLeft = maxBytes;

    /// <summary>Gets why the document is refused; null while it is within the budget.</summary>
    public DocumentException? Problem { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<IFilter> GetFilters(DictionaryToken dictionary) => Bound(DefaultFilterProvider.Instance.GetFilters(dictionary));

    /// <inheritdoc/>
    public IReadOnlyList<IFilter> GetNamedFilters(IReadOnlyList<NameToken> names) => Bound(DefaultFilterProvider.Instance.GetNamedFilters(names));

    /// <inheritdoc/>
    public IReadOnlyList<IFilter> GetAllFilters() => Bound(DefaultFilterProvider.Instance.GetAllFilters());

    private IReadOnlyList<IFilter> Bound(IReadOnlyList<IFilter> filters) => [.. filters.Select(f => new BoundedFilter(f, this))];

    private DocumentException Refuse(string what) =>
        Problem ??= new DocumentException(ErrorCodes.DocumentTooLarge, $"{what}, which is more than is allowed. Split it, or convert it to text.");

    private sealed class BoundedFilter(IFilter filter, BoundedPdfFilters budget) : IFilter
    {
        /// <summary>The longest sequence that one 12-bit code of LZW can stand for, per byte of input.</summary>
        private const int MaxLzwRatio = 4096 * 8 / 12;

        private const int MaxRunLengthRatio = 64;
        private const int MaxAsciiRatio = 4; // A lone z is four zeros.
        private const int MaxPredictorColumns = 1 << 20;

        public bool IsSupported => filter.IsSupported;

        public Memory<byte> Decode(Memory<byte> input, DictionaryToken streamDictionary, IFilterProvider filterProvider, int filterIndex)
        {
            if (MaxLength(input) > budget._bytesLeft || HasHugeRows(streamDictionary, filterIndex))
                throw budget.Refuse($"unpacks to more than {ByteSize.Format(budget._bytesLeft)} at a time");
            var output = filter.Decode(input, streamDictionary, filterProvider, filterIndex);
            budget._bytesLeft -= output.Length;
            return output;
        }

        private long MaxLength(Memory<byte> input) => filter switch
        {
            FlateFilter => InflatedLength(input),
            LzwFilter => (long)input.Length * MaxLzwRatio,
            RunLengthFilter => (long)input.Length * MaxRunLengthRatio,
            Ascii85Filter or AsciiHexDecodeFilter => (long)input.Length * MaxAsciiRatio,
            _ => throw new NotSupportedException("Pictures are not decoded."),
        };

        /// <summary>Inflates without keeping anything, until the end or until it is too much.</summary>
        private long InflatedLength(Memory<byte> input)
        {
            const int ZlibHeaderBytes = 2;
            if (input.Length <= ZlibHeaderBytes)
                return 0;
            using var inflater = new DeflateStream(new MemoryStream(input[ZlibHeaderBytes..].ToArray(), writable: false), CompressionMode.Decompress);
            var block = new byte[64 << 10];
            long length = 0;
            try
            {
                for (int read; length <= budget._bytesLeft && (read = inflater.Read(block)) > 0;)
                    length += read;
            }
            catch (InvalidDataException)
            {
                return length; // The filter itself decides what it makes of a damaged stream.
            }

            return length;
        }

        private static bool HasHugeRows(DictionaryToken streamDictionary, int filterIndex) =>
            DecodeParameterResolver.GetFilterParameters(streamDictionary, filterIndex).TryGet(NameToken.Columns, out NumericToken columns) && columns.Double > MaxPredictorColumns;
    }
}
