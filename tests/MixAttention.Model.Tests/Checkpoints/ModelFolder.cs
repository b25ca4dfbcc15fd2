namespace MixAttention.Model.Tests.Checkpoints;

/// <summary>Makes a model's folder that is deleted again.</summary>
internal sealed class ModelFolder : IDisposable
{
    public ModelFolder(string config = "{}") => File.WriteAllText(At("config.json"), config);

    public string Folder { get; } = Directory.CreateTempSubdirectory("mixattention-tests-").FullName;

    public string At(string name) => System.IO.Path.Combine(Folder, name);

    public ModelFolder With(string name, byte[] bytes)
    {
        File.WriteAllBytes(At(name), bytes);
        return this;
    }

    public ModelFolder With(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return this;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
