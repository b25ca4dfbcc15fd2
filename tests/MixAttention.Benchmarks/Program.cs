using MixAttention.Benchmarks;
using MixAttention.Benchmarks.Benches;

// One line per benchmark: its name, the question it answers, and the file that answers it.
Benchmark[] benchmarks =
[
    new("memory", "How fast do these cores read memory?", MemoryBench.Run),
    new("flops", "How many float32 multiply-adds do these cores reach?", FlopsBench.Run),
];

return Runner.Run(benchmarks, args, Console.Out, Console.Error, TimeProvider.System);
