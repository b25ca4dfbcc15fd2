using MixAttention.Architecture.Tests;

namespace MixAttention.Deployment.Tests.Support;

/// <summary>Finds files of the repository.</summary>
internal static class RepositoryFiles
{
    /// <summary>Gets the absolute path of a file or folder.</summary>
    public static string At(string relativePath) => Path.Combine(Repository.Root, relativePath);

    /// <summary>Copies a folder, without what Terraform and builds leave behind.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string folder in Directory.GetDirectories(from).Where(f => Path.GetFileName(f) is not (".terraform" or "bin" or "obj")))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
