using System.Text;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Shards;

public sealed class CheckpointSegmentTests
{
    private static readonly CheckpointSegment Segment = new(
        new CheckpointHeader { Fingerprint = "f1", Started = [3, 1], IsAlone = true },
        [Results.Success(4, "Größe\n\"x\""), Results.Failure(2)],
        [new CallLine(3, "map-00001", "Größe\n", true, 90, 7)]);

    [Fact]
    public void Segment_is_read_as_it_was_written()
    {
        var read = CheckpointSegment.TryRead(Segment.Write());
        Assert.NotNull(read);
        Assert.Equal(("f1", true, false, 2), (read.Header.Fingerprint, read.Header.IsAlone, read.Header.IsDrained, read.Header.Finished));
        Assert.Equal([3, 1], read.Header.Started);
        Assert.Equal(Segment.Calls, read.Calls);
        Assert.Equal([4, 2], read.Lines.Select(l => l.Row));
        Assert.Equal([false, true], read.Lines.Select(l => l.IsFailure));
        Assert.Equal(Segment.Lines.Select(l => Encoding.UTF8.GetString(l.Bytes.Span)), read.Lines.Select(l => Encoding.UTF8.GetString(l.Bytes.Span)));
    }

    [Fact]
    public void Segment_cut_anywhere_is_none()
    {
        byte[] file = Segment.Write();
        Assert.All(Enumerable.Range(0, file.Length), length => Assert.Null(CheckpointSegment.TryRead(file.AsMemory(0, length))));
    }

    [Fact]
    public void Segment_with_any_bit_turned_is_none()
    {
        byte[] file = Segment.Write();
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(CheckpointSegment.TryRead(file));
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.NotNull(CheckpointSegment.TryRead(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\n\n\n")]
    [InlineData("{}\n{}\n")]
    [InlineData("null\nnull\n")]
    [InlineData("not JSON at all")]
    public void Other_file_is_none(string text) => Assert.Null(CheckpointSegment.TryRead(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Segment_of_another_version_is_none() =>
        Assert.Null(CheckpointSegment.TryRead((Segment with { Header = Segment.Header with { Schema = "batch.checkpoint/2" } }).Write()));
}
