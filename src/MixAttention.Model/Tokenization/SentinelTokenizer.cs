namespace MixAttention.Model.Tokenization;

/// <summary>Loads the library's tokenizer from a copy of tokenizer.json in which special tokens are sentinels.</summary>
internal static class SentinelTokenizer
{
    /// <summary>Loads it.</summary>
    /// <remarks>The library reads files only, and only once: the copy is private to this call and gone when it returns, so that nothing can be stale, shared or half written.</remarks>
    /// <exception cref="TokenizerException">The copy cannot be written, or the library refuses it.</exception>
    public static Tokenizers.DotNet.Tokenizer Load(string path, TokenizerJson json, TokenTable table)
    {
        string? copy = null;
        try
        {
            copy = Path.GetTempFileName(); // created for this user alone
            using (var stream = File.Create(copy))
                json.WriteSentinelCopy(stream);
            var library = new Tokenizers.DotNet.Tokenizer(copy);
            CheckSpecialTokens(path, library, table);
            return library;
        }
        catch (Tokenizers.DotNet.TokenizerException e)
        {
            throw new TokenizerException($"{path} is not supported by the tokenizer library: {e.Message}. Take the tokenizer.json that belongs to the model.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"The working copy of {path} cannot be written to {Path.GetTempPath()}: {e.Message} Free space there, or set TMPDIR to a folder that can be written.", e);
        }
        finally
        {
            if (copy is not null)
                File.Delete(copy);
        }
    }

    private static void CheckSpecialTokens(string path, Tokenizers.DotNet.Tokenizer library, TokenTable table)
    {
        // The library numbers tokens that are not in the vocabulary by itself, whatever id the file gives.
        foreach (var (text, id) in table.SpecialTokens)
        {
            if (library.Encode(Tokenizer.Sentinel(id)) is [var found] && found == (uint)id)
                continue;
            library.Dispose();
            throw new TokenizerException($"{path} gives special token '{text}' the id {id}, which the tokenizer library does not. List added_tokens in the order of their ids, without holes.");
        }
    }
}
