namespace MixAttention.Benchmarks.Measuring;

/// <summary>Runs one piece of work on several threads at once.</summary>
internal static class Threads
{
    /// <summary>Calls the work with 0 .. count − 1, each on its own thread, and waits for all.</summary>
    public static void Run(int count, Action<int> work)
    {
        var threads = Enumerable.Range(1, count - 1).Select(index => new Thread(() => work(index))).ToList();
        threads.ForEach(t => t.Start());
        work(0);
        threads.ForEach(t => t.Join());
    }
}
