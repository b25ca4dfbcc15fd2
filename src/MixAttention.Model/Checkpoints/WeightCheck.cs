using MixAttention.Model.Spec;

namespace MixAttention.Model.Checkpoints;

/// <summary>Compares the tensors of a checkpoint with those that a decoder needs.</summary>
internal static class WeightCheck
{
    /// <summary>Lists every missing, misshapen, unusable and unknown tensor.</summary>
    internal static IReadOnlyList<CheckpointProblem> Compare(DecoderSpec spec, IReadOnlyDictionary<string, TensorEntry> tensors)
    {
        var needed = DecoderWeights.Of(spec);
        var problems = new List<CheckpointProblem>();
        foreach (var (name, shape) in needed)
        {
            if (!tensors.TryGetValue(name, out var tensor))
            {
                problems.Add(new($"Tensor {name} [{string.Join(", ", shape)}] is missing. Check that config.json belongs to these weights."));
                continue;
            }

            if (!tensor.Type.IsWeightType())
                problems.Add(new($"{tensor.File}: tensor {name} is {tensor.Type}; weights must be F32, F16 or BF16. Convert the checkpoint to one of them."));
            if (!tensor.Shape.SequenceEqual(shape))
                problems.Add(new($"{tensor.File}: tensor {name} has the shape [{string.Join(", ", tensor.Shape)}]; config.json asks for [{string.Join(", ", shape)}]. Check that config.json belongs to these weights."));
        }

        foreach (var tensor in tensors.Values.Where(t => !needed.ContainsKey(t.Name) && !spec.IgnoredWeights.Any(pattern => Matches(pattern, t.Name))))
            problems.Add(new($"{tensor.File}: tensor {tensor.Name} is not used by a {spec.Family} model with this config.json. Check that config.json belongs to these weights."));
        return problems;
    }

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
