using System.Collections.Concurrent;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.ChatTemplates;

/// <summary>A real model's tokenizer and template.</summary>
public sealed record RealChatModel(string Folder, Tokenizer Tokenizer, ChatTemplate Template);

/// <summary>Loads each real model's tokenizer and template once per run.</summary>
public static class RealChatModels
{
    private static readonly ConcurrentDictionary<string, Lazy<RealChatModel>> Loaded = new(StringComparer.Ordinal);

    /// <summary>Gets a model: demo, llama3, qwen3 or gemma3.</summary>
    public static RealChatModel Get(string name)
    {
        string folder = name == "demo" ? DemoFolder.Get() : ReferenceRenderer.ModelFolder(name);
        return Loaded.GetOrAdd(name, _ => new Lazy<RealChatModel>(() => Load(folder))).Value;
    }

    private static RealChatModel Load(string folder)
    {
        var tokenizer = Tokenizer.Load(folder);
        return new RealChatModel(folder, tokenizer, ChatTemplate.Load(folder, tokenizer)!);
    }
}
