using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads the rotary keys of Hugging Face configurations, in the old spelling (rope_theta, rope_scaling) and the new one (rope_parameters).</summary>
internal static class HfRope
{
    private const string Supported = "default, linear, llama3";

    /// <summary>Reads the rotary embedding of a model that has one for all layers.</summary>
    internal static RopeSpec Read(ConfigSection config, int headDim, double defaultTheta = 10_000)
    {
        if (config.OptionalNumber("partial_rotary_factor") is not (null or 1.0))
            config.Refuse("partial_rotary_factor", "1");
        double theta = config.Positive("rope_theta", defaultTheta);
        return (config.Section("rope_parameters") ?? config.Section("rope_scaling")) is { } parameters
            ? FromParameters(parameters, config, headDim, theta)
            : Plain(headDim, theta);
    }

    /// <summary>Reads the rotary embedding of one type of layer, where full and sliding layers have their own (Gemma).</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="layerType">The type's name in rope_parameters.</param>
    /// <param name="headDim">Head size of layers of the type.</param>
    /// <param name="absent">What to use when rope_parameters does not have the type.</param>
    internal static RopeSpec ReadForType(ConfigSection config, string layerType, int headDim, Func<RopeSpec> absent, double defaultTheta) =>
        config.Section("rope_parameters")?.Section(layerType) is { } parameters ? FromParameters(parameters, config, headDim, defaultTheta) : absent();

    /// <summary>Makes a rotary embedding without scaling.</summary>
    internal static RopeSpec Plain(int headDim, double theta) => new(RopeFrequencies.Plain(headDim, theta));

    /// <summary>Reads one set of rotary parameters.</summary>
    internal static RopeSpec FromParameters(ConfigSection parameters, ConfigSection config, int headDim, double defaultTheta)
    {
        double theta = parameters.Positive("rope_theta", defaultTheta);
        string type = parameters.OptionalText("rope_type") ?? parameters.Text("type", "default");
        if (type != "proportional" && parameters.OptionalNumber("partial_rotary_factor") is not (null or 1.0))
            parameters.Refuse("partial_rotary_factor", "1");
        var plain = RopeFrequencies.Plain(headDim, theta);
        switch (type)
        {
            case "default":
                return new(plain);
            case "linear":
                return new(RopeFrequencies.Linear(plain, parameters.Positive("factor")));
            case "llama3":
                return new(RopeFrequencies.Llama3(
                    plain,
                    parameters.Positive("factor"),
                    parameters.Positive("low_freq_factor"),
                    parameters.Positive("high_freq_factor"),
                    parameters.Positive("original_max_position_embeddings", config.OptionalNumber("original_max_position_embeddings"))));
            case "proportional":
                return new(RopeFrequencies.Proportional(headDim, theta, parameters.Positive("partial_rotary_factor", 1)));
            default:
                parameters.Refuse(parameters.Has("rope_type") ? "rope_type" : "type", Supported);
                return new(plain);
        }
    }
}
