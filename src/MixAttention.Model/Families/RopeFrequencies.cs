namespace MixAttention.Model.Families;

/// <summary>Computes the angles per position of rotary embeddings, one per pair (j, j + D / 2).</summary>
internal static class RopeFrequencies
{
    /// <summary>Computes theta^(-2j/D).</summary>
    internal static double[] Plain(int headDim, double theta) =>
        [.. Enumerable.Range(0, headDim / 2).Select(j => Math.Pow(theta, -2.0 * j / headDim))];

    /// <summary>Stretches positions by a factor.</summary>
    internal static double[] Linear(double[] frequencies, double factor) => [.. frequencies.Select(f => f / factor)];

    /// <summary>Stretches long wavelengths only, as Llama 3 does, and blends between the two limits.</summary>
    /// <param name="originalLength">Positions of the model before it was stretched.</param>
    internal static double[] Llama3(double[] frequencies, double factor, double lowFactor, double highFactor, double originalLength) =>
        [.. frequencies.Select(frequency =>
        {
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength > originalLength / lowFactor)
                return frequency / factor;
            if (wavelength < originalLength / highFactor)
                return frequency;
            double share = (originalLength / wavelength - lowFactor) / (highFactor - lowFactor);
            return (1 - share) * frequency / factor + share * frequency;
        })];

    /// <summary>Rotates only the first share of the pairs, with the frequencies of the whole head (Gemma 4).</summary>
    internal static double[] Proportional(int headDim, double theta, double share)
    {
        int rotated = (int)Math.Floor(share * headDim / 2);
        return [.. Plain(headDim, theta).Select((frequency, j) => j < rotated ? frequency : 0)];
    }
}
