using MixAttention.Batch.Records;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Makes result lines.</summary>
internal static class Results
{
    public static ResultLine Success(int row, string answer = "fine")
    {
        var body = new Completion("chatcmpl-1", "chat.completion", 0, "demo", [new CompletionChoice(0, new ChatAnswer("assistant", answer), "stop")], new CompletionUsage(3, 2, 5));
        return ResultLine.Of(new ResultRecord($"res_{row}", $"doc-{row}.txt", new ResultResponse(200, "req_1", body), null, new ResultExtension(row, "d", "f", null, $"texts/doc-{row}.txt")));
    }

    public static ResultLine Failure(int row, string code = "document_empty") =>
        ResultLine.Of(new ResultRecord($"res_{row}", $"doc-{row}.txt", null, new ResultError(code, "Empty."), new ResultExtension(row, null, "f", null, null)));
}
