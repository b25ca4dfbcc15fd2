using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MixAttention.Compute.Attention;

/// <summary>Softmax arithmetic on float32 vectors.</summary>
internal static unsafe class SimdMath
{
    /// <summary>Computes eˣ for x ≤ 0 within two units of the last place; results below 2⁻¹²⁶ are 0, and NaN stays.</summary>
    /// <remarks>eˣ = 2ⁿ · eʳ with n = round(x / ln 2); eʳ by its Taylor polynomial of degree 7, whose rest is below 6·10⁻⁹ for |r| ≤ ln 2 / 2.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        // The processor's own maximum and conversion: the portable ones spend more on NaN than all the rest. Its maximum is the second operand if one is NaN.
        var hidden = Vector256.LessThanOrEqual(x, Vector256.Create(-87.3f));
        x = Vector256.MaxNative(Vector256.Create(-87.3f), x);
        var n = Vector256.Round(x * 1.44269504f);
        // ln 2 in two parts, so that n · ln 2 is exact enough
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.693359375f), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(2.12194440e-4f), r);
        var p = Vector256.Create(1f / 5040);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 720));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 120));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 24));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 6));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(0.5f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        var power = Vector256.ShiftLeft(Vector256.ConvertToInt32Native(n) + Vector256.Create(127), 23).AsSingle();
        return Vector256.AndNot(p * power, hidden);
    }

    /// <summary>Bounds a score: cap · tanh(s / cap).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Cap(Vector256<float> s, float cap)
    {
        // tanh(|y|) = (1 − e) / (1 + e) with e = exp(−2|y|); the sign comes back at the end.
        var e = Exp(Vector256.Abs(s) * (-2 / cap));
        var magnitude = (Vector256<float>.One - e) / (Vector256<float>.One + e) * cap;
        return Vector256.ConditionalSelect(Vector256.LessThan(s, Vector256<float>.Zero), -magnitude, magnitude);
    }

    /// <summary>Turns one row of scores into weights relative to the running maximum, and brings the running total to the new one.</summary>
    /// <param name="scores">Scores in, weights out; count is a multiple of 8, hidden places hold −∞, and at least one place so far was visible.</param>
    /// <returns>The factor for sums made under the old maximum.</returns>
    public static float Soften(float* scores, int count, ref float maximum, ref float total)
    {
        var best = Vector256.Load(scores);
        for (int i = 8; i < count; i += 8)
            best = Vector256.MaxNative(best, Vector256.Load(scores + i));
        float newMaximum = float.MaxNative(maximum, Largest(best));
        var shift = Vector256.Create(newMaximum);
        var added = Vector256<float>.Zero;
        for (int i = 0; i < count; i += 8)
        {
            var weight = Exp(Vector256.Load(scores + i) - shift);
            weight.Store(scores + i);
            added += weight;
        }

        float rescale = newMaximum == maximum ? 1 : MathF.Exp(maximum - newMaximum);
        total = (total * rescale) + Vector256.Sum(added);
        maximum = newMaximum;
        return rescale;
    }

    private static float Largest(Vector256<float> v)
    {
        var four = Vector128.MaxNative(v.GetLower(), v.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return float.MaxNative(four[0], four[1]);
    }
}
