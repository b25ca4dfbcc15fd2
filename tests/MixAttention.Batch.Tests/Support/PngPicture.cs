using System.Buffers.Binary;
using System.IO.Compression;

namespace MixAttention.Batch.Tests.Support;

/// <summary>The pixels of a PNG file of eight bits a channel.</summary>
internal sealed class PngPicture
{
    private readonly byte[] _samples;
    private readonly int _channels;

    private PngPicture(int width, int height, int channels, byte[] samples)
    {
        (Width, Height, _channels, _samples) = (width, height, channels, samples);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Reads a file.</summary>
    public static PngPicture Read(ReadOnlySpan<byte> file)
    {
        int width = BinaryPrimitives.ReadInt32BigEndian(file[16..]), height = BinaryPrimitives.ReadInt32BigEndian(file[20..]);
        Assert.Equal(8, file[24]);
        int channels = file[25] switch { 2 => 3, 6 => 4, _ => throw new InvalidDataException($"The picture's colour type is {file[25]}.") };
        using var packed = new MemoryStream();
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file[at..]);
            if (file.Slice(at + 4, 4).SequenceEqual("IDAT"u8))
                packed.Write(file.Slice(at + 8, length));
            at += length + 12;
        }

        packed.Position = 0;
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        int stride = width * channels;
        var samples = new byte[stride * height];
        var row = new byte[stride + 1];
        for (int y = 0; y < height; y++)
        {
            unpacked.ReadExactly(row);
            Unfilter(row[0], row.AsSpan(1), samples, y * stride, stride, channels);
        }

        return new PngPicture(width, height, channels, samples);
    }

    /// <summary>Gets a pixel as 0xRRGGBB.</summary>
    public int this[int x, int y]
    {
        get
        {
            int at = ((y * Width) + x) * _channels;
            return (_samples[at] << 16) | (_samples[at + 1] << 8) | _samples[at + 2];
        }
    }

    /// <summary>Counts the pixels of a colour.</summary>
    public int Count(int colour)
    {
        int count = 0;
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
                count += this[x, y] == colour ? 1 : 0;
        }

        return count;
    }

    private static void Unfilter(int filter, ReadOnlySpan<byte> row, byte[] samples, int start, int stride, int channels)
    {
        for (int i = 0; i < stride; i++)
        {
            int left = i >= channels ? samples[start + i - channels] : 0;
            int up = start > 0 ? samples[start + i - stride] : 0;
            int corner = start > 0 && i >= channels ? samples[start + i - stride - channels] : 0;
            int predicted = filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Nearest(left, up, corner) };
            samples[start + i] = (byte)(row[i] + predicted);
        }
    }

    private static int Nearest(int left, int up, int corner)
    {
        int guess = left + up - corner;
        int byLeft = Math.Abs(guess - left), byUp = Math.Abs(guess - up), byCorner = Math.Abs(guess - corner);
        return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
    }
}
