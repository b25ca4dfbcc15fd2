using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

/// <summary>Writes a layout as LCKV does, so that tests can compare it with a line of text.</summary>
internal static class LayoutText
{
    public static string Of(AttentionLayout layout) => string.Join('_', layout.Layers.Select(l => l.KvOwner + (l.IsFull ? "" : "s")));
}
