namespace MixAttention.Batch.Tests.Queue;

public sealed class SqliteJobQueueTests() : JobQueueSuite(new SqliteQueue());

public sealed class SqliteAsideTests() : AsideSuite(new SqliteQueue());

public sealed class SqliteQueueModelTests() : QueueModelSuite(new SqliteQueue());
