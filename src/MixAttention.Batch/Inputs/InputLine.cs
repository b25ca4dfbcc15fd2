using MixAttention.Engine;

namespace MixAttention.Batch.Inputs;

/// <summary>A line of an input file that is not blank.</summary>
/// <param name="Number">Its number in the file, from 1; blank lines count.</param>
/// <param name="Offset">Where <paramref name="Bytes"/> begin in the stream.</param>
/// <param name="Bytes">The line without its end and without byte order mark; valid until the next line is read. Empty when <paramref name="Error"/> is set.</param>
/// <param name="Error">That the line is too long; null when it is not.</param>
public readonly record struct InputLine(int Number, long Offset, ReadOnlyMemory<byte> Bytes, GenerationError? Error);
