using System.Collections.Immutable;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>Runs a scenario in all orders in which its workers can make their calls.</summary>
/// <remarks>
/// Orders that lead to the same state of store and workers are followed once. A worker that makes no further call is one that died or was stopped there: in each state of the store others bring the
/// job to its end, and at the end of each run they do so before the workers that are left go on.
/// </remarks>
/// <param name="scenario">The scenario.</param>
internal sealed class Interleavings(Scenario scenario)
{
    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _recovered = [];

    /// <summary>Gets the most times that a worker is stopped between two of its calls in favour of another one.</summary>
    /// <value>Any number unless set.</value>
    public int? MaxPreemptions { get; init; }

    /// <summary>Gets the number of runs.</summary>
    public int Runs { get; private set; }

    /// <summary>Runs all orders.</summary>
    /// <returns>The number of states that were found.</returns>
    /// <exception cref="InvalidOperationException">A rule was broken; the message holds the calls that led to it.</exception>
    public async Task<int> RunAsync()
    {
        var pending = new Stack<Order>([new Order([], 0)]);
        while (pending.TryPop(out var order))
        {
            Runs++;
            await using var stage = await Stage.StartAsync(scenario);
            try
            {
                foreach (int worker in order.Workers)
                    await stage.StepAsync(worker);
                await FollowAsync(stage, order, pending);
                await stage.FinishAsync();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{e.Message}{Environment.NewLine}after {stage.Steps}", e);
            }
        }

        return _known.Count;
    }

    /// <summary>Goes on until a state comes that is known, and notes where another worker could have gone on.</summary>
    private async Task FollowAsync(Stage stage, Order order, Stack<Order> pending)
    {
        while (_known.Add(stage.Everything + order.Bound(MaxPreemptions)))
        {
            if (_recovered.Add(stage.World))
                await stage.CheckRecoveryAsync();
            var ready = stage.Ready;
            if (ready.Count == 0)
                return;
            bool isPreemption = order.Workers.Count > 0 && ready.Contains(order.Workers[^1]);
            int next = isPreemption ? order.Workers[^1] : ready[0];
            foreach (int other in ready.Where(w => w != next && !(isPreemption && order.Preemptions >= MaxPreemptions)))
                pending.Push(new Order(order.Workers.Add(other), order.Preemptions + (isPreemption ? 1 : 0)));
            order = order with { Workers = order.Workers.Add(next) };
            await stage.StepAsync(next);
        }
    }

    private sealed record Order(ImmutableList<int> Workers, int Preemptions)
    {
        /// <summary>What the orders that are left depend on besides the state.</summary>
        public string Bound(int? maxPreemptions) => maxPreemptions is null ? "" : $" {Workers.LastOrDefault(-1)} {Preemptions}";
    }
}
