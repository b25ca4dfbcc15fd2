using System.Text.Json;
using CsCheck;
using MixAttention.Model.Checkpoints;

namespace MixAttention.Model.Tests.Checkpoints;

public sealed class SafetensorsHeaderTests
{
    public static TheoryData<string, string, byte[]> Vectors()
    {
        var data = new TheoryData<string, string, byte[]>();
        if (Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") is not { Length: > 0 } shared)
        {
            data.Add("", "", []);
            return data;
        }

        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(shared, "data", "vectors", "safetensors", "vectors.json")));
        foreach (var vector in json.RootElement.GetProperty("vectors").EnumerateArray())
            data.Add(vector.GetProperty("case").GetString()!, vector.GetProperty("expect").GetString()!, vector.GetProperty("bytes_base64").GetBytesFromBase64());
        return data;
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_of_a_published_vector_gives_its_verdict(string name, string expect, byte[] file)
    {
        Assert.SkipWhen(name.Length == 0, "The vectors lie where MIXATTENTION_SHARED says; it is not set.");

        Assert.Equal(expect, Verdict(file));
    }

    [Fact]
    public void Read_of_a_valid_file_places_every_tensor()
    {
        byte[] file = SafetensorsBytes.Valid(("b", "F32", [2, 3]), ("a", "BF16", [5]), ("empty", "F32", [0, 4]), ("scalar", "I32", []));

        var tensors = Read(file, out var problems);

        Assert.Empty(problems);
        Assert.Equal(["b", "a", "empty", "scalar"], tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteCount).Select(t => t.Name));
        Assert.Equal([24L, 10, 0, 4], tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteCount).Select(t => t.ByteCount));
        Assert.Equal([6L, 5, 0, 1], tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteCount).Select(t => t.ElementCount));
        Assert.Equal(file.Length, tensors.Max(t => t.Offset + t.ByteCount));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "InvalidHeaderDeserialization")] // twice
    [InlineData("""{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}""", 4, "InvalidHeaderDeserialization")] // key twice
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "InvalidHeaderDeserialization")] // negative
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}""", 4, "InvalidHeaderDeserialization")] // 2^64
    [InlineData("""{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4, "InvalidHeaderDeserialization")] // no integer
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "InvalidHeaderDeserialization")] // three
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "InvalidHeaderDeserialization")] // no offsets
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "InvalidHeaderDeserialization")] // unknown type
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "InvalidHeaderDeserialization")]
    [InlineData("""{"a":[]}""", 0, "InvalidHeaderDeserialization")]
    [InlineData("""[]""", 0, "InvalidHeaderDeserialization")]
    [InlineData("""{} {}""", 0, "InvalidHeaderDeserialization")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "InvalidHeaderDeserialization")] // lone surrogate
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "InvalidHeaderDeserialization")] // metadata are strings
    [InlineData("""{"__metadata__":{"format":"pt"}}""", 0, "ok")]
    [InlineData("""{"__metadata__":null}""", 0, "ok")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"note":{"x":[1,{"y":2}]}}}""", 4, "ok")] // unknown keys are skipped
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "InvalidOffset")] // hole
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 8, "InvalidOffset")] // ends before it starts
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "InvalidOffset")] // overlap
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,9223372036854775808]}}""", 4, "ValidationOverflow")] // 2^63
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 4, "ValidationOverflow")] // in bits
    [InlineData("""{"a":{"dtype":"U8","shape":[1152921504606846976],"data_offsets":[0,1152921504606846976]}}""", 4, "MetadataIncompleteBuffer")] // 2^60
    [InlineData("""{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}""", 0, "ValidationOverflow")] // no shape of longs
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}""", 2, "MisalignedSlice")]
    [InlineData("""{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}""", 2, "ok")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,2]}}""", 2, "TensorInvalidInfo")]
    public void Read_of_a_lying_header_names_the_error(string header, int dataBytes, string expect) =>
        Assert.Equal(expect == "ok" ? "ok" : "error:" + expect, Verdict(SafetensorsBytes.Of(header, dataBytes)));

    [Fact]
    public void Read_of_deeply_nested_json_is_an_error_not_a_crash() =>
        Assert.Equal("error:InvalidHeaderDeserialization", Verdict(SafetensorsBytes.Of("{\"a\":{\"x\":" + new string('[', 1_000_000))));

    [Theory]
    [InlineData(long.MaxValue, "HeaderTooLarge")]
    [InlineData(-1, "HeaderTooLarge")]
    [InlineData(long.MinValue, "HeaderTooLarge")]
    [InlineData(100_000_001, "HeaderTooLarge")]
    [InlineData(100_000_000, "InvalidHeaderLength")]
    [InlineData(3, "InvalidHeaderLength")]
    public void Read_of_a_header_longer_than_the_file_names_the_error(long length, string expect) =>
        Assert.Equal("error:" + expect, Verdict(SafetensorsBytes.Of("{}", claimedLength: length)));

    [Fact]
    public void Read_reports_every_wrong_tensor()
    {
        Read(SafetensorsBytes.Of("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 16), out var problems);

        Assert.Equal([SafetensorsError.TensorInvalidInfo, SafetensorsError.InvalidOffset, SafetensorsError.MetadataIncompleteBuffer], problems.Select(p => p.Error!.Value));
        Assert.Equal("m.safetensors: tensor a is F32 [2] at bytes 0 to 4; its shape takes 8 bytes, not 4. Save the checkpoint again.", problems[0].Message);
    }

    [Fact]
    public void Read_of_many_wrong_tensors_keeps_its_report_short()
    {
        string tensors = string.Join(',', Enumerable.Range(0, 500).Select(i => $$"""{{(char)34}}{{new string('n', 1000)}}{{i}}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"""));

        Read(SafetensorsBytes.Of($"{{{tensors}}}", 4), out var problems);

        Assert.Equal(100, problems.Count);
        Assert.All(problems, p => Assert.InRange(p.Message.Length, 1, 1000));
    }

    [Fact]
    public void Read_of_any_mutated_file_gives_tensors_inside_it_or_problems()
    {
        byte[] valid = SafetensorsBytes.Valid(("first", "F32", [2, 3]), ("second", "BF16", [4]), ("third", "I32", [1]));
        Gen.Select(Gen.Int[0, valid.Length], Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte).Array[0, 8]).Sample((length, changes) =>
        {
            byte[] file = [.. valid];
            foreach (var (at, value) in changes)
                file[at] = value;
            var tensors = Read(file.AsSpan(0, length).ToArray(), out var problems);
            if (problems.Count == 0)
                Assert.All(tensors, t => Assert.True(t.Offset >= 8 && t.ByteCount >= 0 && t.Offset + t.ByteCount <= length));
        });
    }

    [Fact]
    public void Read_of_any_header_of_numbers_accepts_exactly_gapless_tensors_that_fill_the_file()
    {
        var number = Gen.OneOf(Gen.Long[0, 12], Gen.Long[-2, long.MaxValue]);
        var tensor = Gen.Select(Gen.Int[0, 2].Select(i => new[] { ("U8", 1), ("F16", 2), ("F32", 4) }[i]), number.Array[0, 2], Gen.Bool, number, number);
        Gen.Select(tensor.Array[0, 3], Gen.Int[0, 24]).Sample((tensors, dataBytes) =>
        {
            // Half of the tensors go on where the one before ended and have the size of their shape, so that valid files occur.
            var placed = new List<(string Type, int Size, long[] Shape, long Start, long End)>();
            foreach (var ((type, size), shape, follows, start, end) in tensors)
            {
                long last = placed.Count > 0 ? placed[^1].End : 0;
                placed.Add(follows && shape.All(s => s is >= 0 and <= 12) ? (type, size, shape, last, last + (size * shape.Aggregate(1L, (a, b) => a * b))) : (type, size, shape, start, end));
            }

            string header = string.Join(',', placed.Select((t, i) => $$"""{{(char)34}}{{i}}":{"dtype":"{{t.Type}}","shape":[{{string.Join(',', t.Shape)}}],"data_offsets":[{{t.Start}},{{t.End}}]}"""));
            var read = Read(SafetensorsBytes.Of($"{{{header}}}", dataBytes), out var problems);

            System.Int128 next = 0;
            bool valid = true;
            foreach (var (_, size, shape, start, end) in placed.OrderBy(t => t.Start).ThenBy(t => t.End))
            {
                valid &= shape.All(s => s >= 0) && start == next && end >= start && end - start == shape.Aggregate((System.Int128)size, (a, b) => a * b);
                next = end;
            }

            Assert.Equal(valid && next == dataBytes, problems.Count == 0);
            Assert.True(problems.Count > 0 || read.Count == placed.Count);
        });
    }

    private static string Verdict(byte[] file)
    {
        Read(file, out var problems);
        return problems.Count == 0 ? "ok" : $"error:{problems[0].Error}";
    }

    private static IReadOnlyList<TensorEntry> Read(byte[] file, out List<CheckpointProblem> problems) =>
        SafetensorsHeader.Read(file, file.Length, "m.safetensors", problems = []);
}
