using System.Reflection;
using ArchUnitNET.Loader;

namespace MixAttention.Architecture.Tests;

/// <summary>Loads the product's assemblies once for all rules.</summary>
internal static class Product
{
    /// <summary>Gets the assemblies from the outermost to the innermost: each may know those after it and none before it.</summary>
    public static IReadOnlyList<Assembly> Layers { get; } =
        [.. new[] { "mixbatch", "MixAttention.Batch.Azure", "MixAttention.Batch", "MixAttention.Engine", "MixAttention.Model", "MixAttention.Compute" }.Select(Assembly.Load)];

    /// <summary>Gets the namespaces that may touch tensors: the library's binding, the forward pass, and the one folder that joins it to the engine.</summary>
    public const string TensorNamespaces = @"^MixAttention\.(Compute|Model\.Decoding|Engine\.Execution)(\.|$)";

    /// <summary>Gets the loaded architecture.</summary>
    public static ArchUnitNET.Domain.Architecture Architecture { get; } = new ArchLoader().LoadAssemblies([.. Layers]).Build();
}
