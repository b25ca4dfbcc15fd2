using System.Text;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Writes lines of OpenAI batch files.</summary>
internal static class BatchLines
{
    public const string Model = "tiny";

    /// <summary>A chat.</summary>
    /// <param name="fields">Further fields of the body, such as <c>"n":2</c>.</param>
    public static string Chat(string fields = "", string id = "a", string messages = """[{"role":"user","content":"Hello"}]""") =>
        $$"""{"custom_id":"{{id}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{Model}}","messages":{{messages}}{{Further(fields)}} } }""";

    /// <summary>A text to continue.</summary>
    public static string Completion(string fields = "", string id = "a", string prompt = "\"Once\"") =>
        $$"""{"custom_id":"{{id}}","method":"POST","url":"/v1/completions","body":{"model":"{{Model}}","prompt":{{prompt}}{{Further(fields)}} } }""";

    public static byte[] File(params string[] lines) => Encoding.UTF8.GetBytes(string.Join('\n', lines));

    private static string Further(string fields) => fields.Length > 0 ? "," + fields : "";
}
