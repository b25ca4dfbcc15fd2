using System.Globalization;
using MixAttention.Benchmarks.Measuring;
using MixAttention.Compute;

namespace MixAttention.Benchmarks;

/// <summary>Reads the command line, runs the benchmarks it names, and prints for each the machine, a table and one line of JSON.</summary>
internal static class Runner
{
    public static int Run(IReadOnlyList<Benchmark> benchmarks, string[] args, TextWriter output, TextWriter errors, TimeProvider time)
    {
        int repetitions = 5;
        var names = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] != "--repeat")
            {
                names.Add(args[i]);
            }
            else if (++i == args.Length || !int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out repetitions) || repetitions < 1)
            {
                return Usage(benchmarks, errors, "--repeat needs a whole number from 1.");
            }
        }

        string? unknown = names.Find(name => name != "all" && benchmarks.All(b => b.Name != name));
        if (names.Count == 0 || unknown is not null)
        {
            return Usage(benchmarks, errors, unknown is null ? "Name a benchmark." : $"No benchmark is named '{unknown}'.");
        }

        TorchRuntime.Initialize();
        using var mode = TorchRuntime.InferenceMode();
        var machine = Machine.Describe(time);
        var clock = new Stopclock(time, repetitions);
        foreach (var benchmark in benchmarks.Where(b => names.Contains("all") || names.Contains(b.Name)))
        {
            output.WriteLine($"## {benchmark.Name}: {benchmark.Question}");
            output.WriteLine(machine);
            output.WriteLine();
            var table = benchmark.Run(clock);
            table.Print(output);
            output.WriteLine();
            output.WriteLine(table.ToJson(benchmark.Name, machine));
        }

        return 0;
    }

    private static int Usage(IReadOnlyList<Benchmark> benchmarks, TextWriter errors, string problem)
    {
        errors.WriteLine(problem);
        errors.WriteLine("usage: dotnet run -c Release --project tests/MixAttention.Benchmarks -- NAME... [--repeat N]");
        foreach (var benchmark in benchmarks)
        {
            errors.WriteLine($"  {benchmark.Name,-12} {benchmark.Question}");
        }

        errors.WriteLine($"  {"all",-12} All of them, one after the other.");
        return 2;
    }
}
