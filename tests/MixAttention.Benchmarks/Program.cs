using MixAttention.Benchmarks;
using MixAttention.Benchmarks.Benches;

// One line per benchmark: its name, the question it answers, and the file that answers it.
Benchmark[] benchmarks =
[
    new("memory", "How fast do these cores read memory?", MemoryBench.Run),
    new("flops", "How many float32 multiply-adds do these cores reach?", FlopsBench.Run),
    new("linear", "Which share of the packed products' rate do linear layers reach?", LinearBench.Run),
    new("attention", "How many visible operations a second does prefill attention reach?", AttentionBench.Run),
    new("decode", "Which share of the memory's bandwidth does decode attention reach?", DecodeBench.Run),
];

return Runner.Run(benchmarks, args, Console.Out, Console.Error, TimeProvider.System);
