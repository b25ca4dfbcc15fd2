using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute.Tests.Attention;

/// <summary>Attention by the definition, in double, one query after another.</summary>
internal static class ReferenceAttention
{
    /// <param name="query">[n, H, D], positions firstQuery…</param>
    /// <param name="key">[m, G, D], positions firstKey…</param>
    public static double[,] Run(Tensor query, Tensor key, Tensor value, int firstQuery, int firstKey, AttentionShape shape)
    {
        var q = query.to(ScalarType.Float64).data<double>().ToArray();
        var k = key.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        var v = value.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        int n = (int)query.shape[0], m = (int)key.shape[0], heads = shape.QueryHeads, g = shape.KvHeads, d = shape.HeadDim;
        var result = new double[n, heads * d];
        for (int i = 0; i < n; i++)
        {
            for (int h = 0; h < heads; h++)
            {
                int kv = h / shape.QueriesPerKv;
                var weights = new double[m];
                for (int j = 0; j < m; j++)
                {
                    int back = firstQuery + i - (firstKey + j);
                    bool visible = back >= 0 && (shape.Window is not { } w || back < w);
                    double score = 0;
                    for (int x = 0; x < d; x++)
                        score += q[(i * heads + h) * d + x] * k[(j * g + kv) * d + x];
                    score *= shape.Scale;
                    if (shape.Softcap is { } cap)
                        score = cap * Math.Tanh(score / cap);
                    weights[j] = visible ? Math.Exp(score) : 0;
                }

                double total = weights.Sum();
                for (int x = 0; x < d; x++)
                    result[i, h * d + x] = Enumerable.Range(0, m).Sum(j => weights[j] / total * v[(j * g + kv) * d + x]);
            }
        }

        return result;
    }

    public static double Far(double[,] expected, Tensor actual)
    {
        var flat = actual.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        double far = 0;
        int columns = expected.GetLength(1);
        for (int i = 0; i < flat.Length; i++)
            far = Math.Max(far, Math.Abs(expected[i / columns, i % columns] - flat[i]));
        return far;
    }
}
