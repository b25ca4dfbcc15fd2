using ArchUnitNET.xUnitV3;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the arrows Cli → Batch.Azure → Batch → Engine → Model → Compute, and who may touch tensors.</summary>
public sealed class LayerTests
{
    private const string TorchSharp = @"^TorchSharp(\.|$)";

    public static TheoryData<int, int> ForbiddenArrows()
    {
        var arrows = new TheoryData<int, int>();
        for (int inner = 1; inner < Product.Layers.Count; inner++)
        {
            for (int outer = 0; outer < inner; outer++)
            {
                arrows.Add(inner, outer);
            }
        }

        return arrows;
    }

    [Theory]
    [MemberData(nameof(ForbiddenArrows))]
    public void Inner_layer_knows_no_type_of_an_outer_one(int inner, int outer) =>
        Types().That().ResideInAssembly(Product.Layers[inner])
            .Should().NotDependOnAnyTypesThat().ResideInAssembly(Product.Layers[outer])
            .Check(Product.Architecture);

    [Fact]
    public void Only_compute_decoding_and_execution_touch_tensors() =>
        Types().That().ResideInAssembly(Product.Layers[0], [.. Product.Layers.Skip(1)])
            .And().DoNotResideInNamespaceMatching(Product.TensorNamespaces)
            .Should().NotDependOnAny(Types(true).That().ResideInNamespaceMatching(TorchSharp))
            .Check(Product.Architecture);

    [Theory]
    [InlineData("MixAttention.Engine.Scheduling")]
    [InlineData("MixAttention.Engine.KvCache")]
    [InlineData("MixAttention.Engine.Sampling")]
    public void Engine_decides_with_integers(string decisions) =>
        Types().That().ResideInNamespaceOrBelow(decisions)
            .Should().NotDependOnAny(Types(true).That().ResideInNamespaceMatching(TorchSharp).Or().ResideInNamespaceMatching(Product.TensorNamespaces))
            .Check(Product.Architecture);

    [Theory]
    [InlineData("MixAttention.Compute")]
    [InlineData("MixAttention.Model.Decoding")]
    [InlineData("MixAttention.Engine.Execution")]
    public void Tensor_namespace_is_named_rightly(string tensors) =>
        Assert.Contains(
            Types().That().ResideInNamespaceOrBelow(tensors).GetObjects(Product.Architecture),
            type => type.Dependencies.Any(d => d.Target.FullName.StartsWith("TorchSharp", StringComparison.Ordinal)));

    [Fact]
    public void Compute_and_model_name_no_request_job_or_queue() =>
        Types().That().ResideInAssembly(Product.Layers[^1], Product.Layers[^2])
            .Should().NotHaveNameMatching("Request|Job|Queue|Scheduler")
            .Check(Product.Architecture);
}
