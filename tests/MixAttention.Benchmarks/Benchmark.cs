using MixAttention.Benchmarks.Measuring;

namespace MixAttention.Benchmarks;

/// <summary>A named benchmark.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Question">The question it answers, in one sentence.</param>
/// <param name="Run">Measures and returns the table.</param>
internal sealed record Benchmark(string Name, string Question, Func<Stopclock, ResultTable> Run);
