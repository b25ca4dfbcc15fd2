using MixAttention.Batch.Cli;

using var interrupt = new Interrupt();
return await MixBatch.RunAsync(args, CliHost.OfProcess(), interrupt.Token);
