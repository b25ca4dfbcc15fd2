using System.Text;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Tests.Jobs;

public sealed class JobMessageBodyTests
{
    private const string Good = """{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"jobs/job_1/manifest.json","model_name":"demo","run":0}""";

    private static readonly JobMessage Message = new("job_1", 3, "jobs/job_1/manifest.json", "demo");

    [Fact]
    public void Message_is_written_as_version_1_always_was()
    {
        Assert.Equal(Good, Encoding.UTF8.GetString(JobMessageBody.Write(Message)));
        Assert.Equal(
            Good[..^1] + """,\"traceparent\":\"00-ab-cd-01\"}""".Replace("\\", "", StringComparison.Ordinal),
            Encoding.UTF8.GetString(JobMessageBody.Write(Message with { Traceparent = "00-ab-cd-01" })));
    }

    [Fact]
    public void Message_is_read_back()
    {
        var message = Message with { Run = 7, Traceparent = "00-ab-cd-01", ModelName = "mödel \"x\"" };
        Assert.Equal(message, JobMessageBody.Read(JobMessageBody.Write(message), out string? problem));
        Assert.Null(problem);
        Assert.Equal("job_1:3:7", message.MessageId);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("null", "schema is ''")]
    [InlineData("[]", "not JSON of the contract")]
    [InlineData("hello", "not JSON")]
    [InlineData("{}", "schema is ''")]
    [InlineData("""{"schema":"batch.job-message/2"}""", "schema is 'batch.job-message/2', and this version of mixbatch reads batch.job-message/1 alone. Run a worker of the version that submitted the job")]
    [InlineData("""{"schema":"batch.job-message/1"}""", "missing required")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":null,"shard":3,"manifest":"m","model_name":"demo"}""", "not JSON of the contract")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"shard":4,"manifest":"m","model_name":"demo"}""", "not JSON of the contract")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"m","model_name":"demo","url":"x"}""", "not JSON of the contract")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":"3","manifest":"m","model_name":"demo"}""", "not JSON of the contract")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":-1,"manifest":"m","model_name":"demo"}""", "count from zero")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"m","model_name":"demo","run":-1}""", "count from zero")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"../1","shard":3,"manifest":"m","model_name":"demo"}""", "job_id is '../1'")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"https://host/m?sig=x","model_name":"demo"}""", "no address")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"../m","model_name":"demo"}""", "no address")]
    [InlineData("""{"schema":"batch.job-message/1","job_id":"job_1","shard":3,"manifest":"m","model_name":""}""", "model_name is empty")]
    public void Body_that_is_no_message_has_a_problem_fault_10(string body, string problem)
    {
        Assert.Null(JobMessageBody.Read(Encoding.UTF8.GetBytes(body), out string? found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Body_of_any_bytes_is_a_message_or_has_a_problem_fault_10()
    {
        var random = new Random(5);
        byte[] good = Encoding.UTF8.GetBytes(Good);
        for (int i = 0; i < 5000; i++)
        {
            byte[] body = [.. good];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            var message = JobMessageBody.Read(body.AsSpan(0, random.Next(body.Length + 1)), out string? problem);
            Assert.True(message is null != problem is null);
        }
    }

    [Fact]
    public void Length_is_limited()
    {
        byte[] padded = Encoding.UTF8.GetBytes(Good + new string(' ', JobMessageBody.MaxBytes - Good.Length));
        Assert.NotNull(JobMessageBody.Read(padded, out _));
        Assert.Null(JobMessageBody.Read([.. padded, (byte)' '], out string? problem));
        Assert.Contains("4097 bytes", problem, StringComparison.Ordinal);
        var e = Assert.Throws<ArgumentException>(() => JobMessageBody.Write(Message with { JobId = new string('j', 126) }));
        Assert.Contains("has 130 characters, and queues take 128", e.Message, StringComparison.Ordinal);
    }
}
