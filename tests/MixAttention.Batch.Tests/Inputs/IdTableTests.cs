using CsCheck;
using MixAttention.Batch.Inputs;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class IdTableTests
{
    [Fact]
    public void Table_answers_as_a_dictionary_does() =>
        Gen.Int[0, 5000].Array[0, 6000].Sample(
            numbers =>
            {
                var table = new IdTable();
                var lines = new Dictionary<int, int>();
                for (int i = 0; i < numbers.Length; i++)
                {
                    int? expected = lines.TryGetValue(numbers[i], out int first) ? first : null;
                    lines.TryAdd(numbers[i], i + 1);
                    Assert.Equal(expected, table.Add($"id-{numbers[i]}", i + 1));
                }
            },
            seed: "0000000000001",
            iter: 30);
}
