using MixAttention.Model.Layouts;

namespace MixAttention.Engine;

/// <summary>States what the engine has loaded.</summary>
/// <param name="VocabularySize">Ids are 0 to this, exclusive.</param>
/// <param name="MaxSequenceLength">Longest sequence in tokens, prompt and answer together.</param>
/// <param name="KvGeometry">What a sequence keeps.</param>
/// <param name="KvArenaElements">Elements of the KV arena.</param>
/// <param name="NumericsVersion">Everything of the device that can change a result's bits; equal texts mean equal bits.</param>
public sealed record EngineInfo(int VocabularySize, int MaxSequenceLength, KvGeometry KvGeometry, long KvArenaElements, string NumericsVersion)
{
    /// <summary>Gets the bytes of the KV arena.</summary>
    public long KvBytes => KvArenaElements * KvGeometry.BytesPerElement;
}
