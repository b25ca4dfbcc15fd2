namespace MixAttention.Architecture.Tests;

/// <summary>Fails with the whole list of what a rule found, where a collection assertion would cut it short.</summary>
internal static class Findings
{
    public static void AssertNone(IEnumerable<string> findings)
    {
        string list = string.Join(Environment.NewLine, findings);
        Assert.True(list.Length == 0, list);
    }
}
