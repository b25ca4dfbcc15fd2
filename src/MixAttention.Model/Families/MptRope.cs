using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads the rotary keys of <c>attn_config</c>.</summary>
internal static class MptRope
{
    /// <summary>Reads the rotary embedding; null when the model has none.</summary>
    internal static RopeSpec? Read(ConfigSection attention, int headDim)
    {
        double theta = attention.Positive("rope_theta", 10_000);
        var dail = attention.SectionOrEmpty("rope_dail_config");
        var hf = attention.SectionOrEmpty("rope_hf_config");
        string implementation = attention.Text("rope_impl", "dail");
        if (!attention.Flag("rope", false))
            return null;
        if (headDim % 2 != 0)
            attention.Report("rope", $"is true, but the head size {headDim} is odd, and halves of it rotate against each other. Correct d_model or n_heads.");
        switch (implementation)
        {
            case "dail":
                if (dail.Text("type", "original") != "original")
                    dail.Refuse("type", "original");
                return HfRope.Plain(headDim, theta);
            case "hf":
                return ReadHf(hf, headDim, theta);
            default:
                attention.Refuse("rope_impl", "dail, hf");
                return null;
        }
    }

    private static RopeSpec? ReadHf(ConfigSection config, int headDim, double theta)
    {
        var plain = RopeFrequencies.Plain(headDim, theta);
        switch (config.Text("type", "no_scaling"))
        {
            case "no_scaling":
                return new(plain);
            case "linear":
                return new(RopeFrequencies.Linear(plain, config.Positive("factor", 1)));
            case "llama3":
                return new(RopeFrequencies.Llama3(
                    plain, config.Positive("factor", 1), config.Positive("low_freq_factor"), config.Positive("high_freq_factor"), config.Positive("original_max_position_embeddings")));
            default:
                config.Refuse("type", "no_scaling, linear, llama3");
                return null;
        }
    }
}
