using System.Globalization;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Container;

/// <summary>A root file system that holds what the image does and nothing else: glibc, libstdc++, OpenSSL, .NET and the application; read-only but for /tmp.</summary>
internal sealed class ImageRoot : IDisposable
{
    // What the packages of the chiseled base image bring that programs load.
    private static readonly string[] Libraries =
        ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libnss_dns.so.2", "libnss_files.so.2", "libgcc_s.so.1", "libstdc++.so.6", "libssl.so.3", "libcrypto.so.3"];

    private static readonly string[] Places = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"];

    private static readonly Dictionary<string, string?> Nothing = [];

    private readonly TemporaryFolder _folder = new();
    private readonly string _app, _dotnet, _user;

    private ImageRoot(string app, string dotnet, string user)
    {
        (_app, _dotnet, _user) = (app, dotnet, user);
        foreach (string place in new[] { "app", "usr/share/dotnet", "tmp", "proc", "dev", "lib64", "lib/x86_64-linux-gnu", "etc" })
            Directory.CreateDirectory(Path.Combine(Root, place));
        foreach (string device in new[] { "null", "zero", "urandom" })
            File.WriteAllText(Path.Combine(Root, "dev", device), "");
        Directory.CreateDirectory(Tmp);
    }

    /// <summary>Gets the folder that is /tmp inside.</summary>
    public string Tmp => _folder["tmp"];

    private string Root => _folder["root"];

    /// <summary>Makes a root; the test is skipped where this user may not change roots or the libraries are elsewhere.</summary>
    /// <param name="app">The folder that becomes /app.</param>
    /// <param name="without">A library that is left out.</param>
    public static async Task<ImageRoot> MakeAsync(string app, string? without = null)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root may change to a root file system of its own.");
        var probe = await ProgramRun.TryAsync("/", Nothing, "unshare", "--mount", "--pid", "--net", "--fork", "true");
        Assert.SkipUnless(probe?.ExitCode == 0, "unshare is not installed, or may not make namespaces here.");
        string user = DockerfileText.Stages[^1].All("USER").Single();
        string dotnet = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var root = new ImageRoot(app, dotnet, user);
        foreach (string library in Libraries.Where(l => l != without))
            root.Take(library, "lib/x86_64-linux-gnu");
        root.Take("ld-linux-x86-64.so.2", "lib64");
        var owned = await ProgramRun.TryAsync("/", Nothing, "chown", user, root.Tmp);
        Assert.Equal(0, owned!.ExitCode);
        return root;
    }

    /// <summary>Runs mixbatch as the image does: as its user, with its variables and no others, without a network and without privileges.</summary>
    public async Task<ProgramRun> RunAsync(params string[] arguments)
    {
        string mounts = string.Create(CultureInfo.InvariantCulture, $"""
            mount --bind '{Root}' '{Root}'
            mount --bind '{_dotnet}' '{Root}/usr/share/dotnet'
            mount --bind '{_app}' '{Root}/app'
            for device in null zero urandom; do mount --bind /dev/$device '{Root}/dev/'$device; done
            mount --bind '{Tmp}' '{Root}/tmp'
            mount -t proc proc '{Root}/proc'
            for place in '{Root}' '{Root}/usr/share/dotnet' '{Root}/app'; do mount -o remount,bind,ro $place; done
            """);
        var variables = DockerfileText.Variables(DockerfileText.Stages[^1]).Select(v => $"{v.Key}={v.Value}");
        string start = $"exec setpriv --no-new-privs env -i {string.Join(' ', variables)} \"$(command -v chroot)\" --userspec='{_user}' --groups= '{Root}' /app/mixbatch {string.Join(' ', arguments.Select(a => $"'{a}'"))}";
        return (await ProgramRun.TryAsync("/", Nothing, "unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "sh", "-ec", $"{mounts}\n{start}"))!; // Not null: it ran before.
    }

    public void Dispose() => _folder.Dispose();

    private void Take(string library, string place)
    {
        string? from = Places.Select(p => Path.Combine(p, library)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(from is null, $"{library} is in none of {string.Join(", ", Places)}.");
        File.Copy(from, Path.Combine(Root, place, library));
    }
}
