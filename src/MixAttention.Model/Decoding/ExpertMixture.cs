using MixAttention.Compute;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>A mixture of experts: each token goes through its k most likely experts, whose results are added in the order of their weights.</summary>
/// <remarks>No token is ever dropped, so a token's result does not depend on the others.</remarks>
internal sealed class ExpertMixture : IDisposable
{
    private readonly Linear _router;
    private readonly FeedForward[] _experts;
    private readonly int _topK;
    private readonly double? _normalizePower;

    public ExpertMixture(MoeSpec spec, WeightLoader weights)
    {
        _router = weights.Linear(weights.Device.ComputeType, spec.Router);
        _experts = [.. spec.Experts.Select(e => new FeedForward(e, weights))];
        _topK = spec.TopK;
        _normalizePower = spec.NormalizePower;
    }

    /// <param name="x">[rows, width] in the format of products; not disposed here.</param>
    /// <returns>[rows, width] float32; the caller disposes it.</returns>
    public Tensor Forward(Tensor x, int tallRows, DecoderProfile profile)
    {
        var (weights, experts) = Route(x, tallRows, profile);
        using (weights)
        using (experts)
        {
            using var results = empty([x.shape[0], _topK, x.shape[1]], ScalarType.Float32, x.device);
            using var onHost = experts.cpu();
            long[] chosen = onHost.data<long>().ToArray();
            for (int expert = 0; expert < _experts.Length; expert++)
                RunExpert(expert, chosen, x, results, tallRows, profile);

            using var perExpert = weights.unsqueeze(-1);
            results.mul_(perExpert);
            using var first = results.select(1, 0);
            var sum = first.clone();
            for (int k = 1; k < _topK; k++)
            {
                using var result = results.select(1, k);
                sum.AddInPlace(result);
            }

            return sum;
        }
    }

    // Softmax over all experts in float32, the k largest (ties to the lowest index), divided by their p-norm.
    private (Tensor Weights, Tensor Experts) Route(Tensor x, int tallRows, DecoderProfile profile)
    {
        using var scores = profile.Linear.Measure(() => _router.Forward(x, tallRows));
        using var wide = scores.InFormat(ScalarType.Float32);
        using var probabilities = wide.softmax(-1);
        // A stable sort keeps the lowest index first among equals; topk promises no order.
        var (sorted, order) = sort(probabilities, -1, descending: true, stable: true);
        using (sorted)
        using (order)
        {
            using var weights = sorted.narrow(-1, 0, _topK);
            using var experts = order.narrow(-1, 0, _topK);
            if (_normalizePower is not { } power)
                return (weights.clone(), experts.contiguous());
            using var norm = weights.norm(-1, keepdim: true, p: (float)power);
            return (weights.div(norm), experts.contiguous());
        }
    }

    private void RunExpert(int expert, long[] chosen, Tensor x, Tensor results, int tallRows, DecoderProfile profile)
    {
        var tokens = new List<long>();
        var places = new List<long>();
        int tall = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            if (chosen[i] != expert)
                continue;
            tokens.Add(i / _topK);
            places.Add(i);
            if (i / _topK < tallRows)
                tall++;
        }

        if (tokens.Count == 0)
            return;
        using var rows = Index(tokens, x.device);
        using var input = x.index_select(0, rows);
        using var output = _experts[expert].Forward(input, tall, profile);
        using var wide = output.InFormat(ScalarType.Float32);
        using var targets = Index(places, x.device);
        using var flat = results.view(-1, x.shape[1]);
        flat.index_copy_(0, targets, wide);
    }

    private static Tensor Index(List<long> values, Device device)
    {
        using var host = tensor(values.ToArray(), dtype: ScalarType.Int64);
        return host.to(device);
    }

    public void Dispose()
    {
        _router.Dispose();
        foreach (var expert in _experts)
            expert.Dispose();
    }
}
