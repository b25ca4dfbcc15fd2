using static TorchSharp.torch;

namespace MixAttention.Compute.Tests;

public class PrimitiveTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(172)]
    [InlineData(1536)]
    public void Fused_rms_norm_equals_the_portable_one(int width)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(width);
        var weight = randn(width);
        using var fused = new Norm(weight.clone(), null, 1e-5, isRms: true, TestSetup.Device());
        using var portable = new Norm(weight.clone(), null, 1e-5, isRms: true, TestSetup.Device(), fused: false);
        using var bare = new Norm(null, null, 1e-5, isRms: true, TestSetup.Device());
        using var bareportable = new Norm(null, null, 1e-5, isRms: true, TestSetup.Device(), fused: false);
        var x = randn(5, 3, width) * 3;
        Assert.True((fused.Forward(x) - portable.Forward(x)).abs().max().item<float>() < 1e-5);
        Assert.True((bare.Forward(x) - bareportable.Forward(x)).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void Rotation_turns_half_split_pairs_by_position_times_frequency()
    {
        using var scope = NewDisposeScope();
        double[] frequencies = [1, 0.25, 0, 0.01];
        using var table = new RotaryTable(frequencies, 1.5, TestSetup.Device());
        int[] positions = [0, 3, 700, 5000];
        var x = randn(4, 2, 8);
        var (cos, sin) = table.Lookup(tensor(Array.ConvertAll(positions, p => (long)p)), 5000);
        var y = RotaryTable.Rotate(x, cos, sin);
        for (int t = 0; t < 4; t++)
        {
            for (int j = 0; j < 4; j++)
            {
                double angle = positions[t] * frequencies[j];
                double a = x[t, 1, j].item<float>(), b = x[t, 1, j + 4].item<float>();
                Assert.Equal(1.5 * (a * Math.Cos(angle) - b * Math.Sin(angle)), y[t, 1, j].item<float>(), 1e-5);
                Assert.Equal(1.5 * (b * Math.Cos(angle) + a * Math.Sin(angle)), y[t, 1, j + 4].item<float>(), 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(10, 0, 5)]
    [InlineData(10, 3, 8)]
    [InlineData(3, 10, 8)]
    [InlineData(0, 20, 12)]
    public void Arena_copies_overlapping_ranges(int from, int to, int count)
    {
        using var scope = NewDisposeScope();
        using var arena = new KvArena(40, TestSetup.Device());
        arena.View(0, 40, 1, 1).copy_(arange(40).view(40, 1, 1));
        arena.Copy(from, to, count);
        var copied = arena.View(to, count, 1, 1).view(-1);
        Assert.True(copied.eq(arange(from, from + count)).all().item<bool>());
    }

    [Fact]
    public void Float32_checkpoints_never_run_in_bfloat16_by_themselves()
    {
        var device = TestSetup.Device(Precision.Auto, bFloat16Checkpoint: false);
        Assert.Equal(ScalarType.Float32, device.ComputeType);
        Assert.Equal(ScalarType.Float32, device.KvType);
    }

    [Fact]
    public void Bfloat16_checkpoints_keep_their_kv_format()
    {
        var device = TestSetup.Device(Precision.Auto, bFloat16Checkpoint: true);
        Assert.Equal(TorchRuntime.HasNativeBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32, device.ComputeType);
        Assert.Equal(ScalarType.BFloat16, device.KvType);
    }

    [Fact]
    public void Unknown_device_is_refused_with_the_cure()
    {
        var error = Assert.Throws<ComputeException>(() => new ComputeDevice("tpu", Precision.Auto, false));
        Assert.Contains("Use cpu or cuda", error.Message, StringComparison.Ordinal);
    }
}
