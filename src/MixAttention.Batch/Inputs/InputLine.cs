using MixAttention.Engine;

namespace MixAttention.Batch.Inputs;

/// <summary>A line of an input file that is not blank.</summary>
/// <param name="Number">Its number in the file, from 1; blank lines count.</param>
/// <param name="Offset">Where <paramref name="Bytes"/> begin in the stream.</param>
/// <param name="Bytes">The line without its end and without byte order mark; valid until the next line is read. Empty when <paramref name="Error"/> is set.</param>
/// <param name="Error">Why the bytes cannot be used: too many of them, or no text in UTF-8; null for a sound line.</param>
public readonly record struct InputLine(int Number, long Offset, ReadOnlyMemory<byte> Bytes, GenerationError? Error);
