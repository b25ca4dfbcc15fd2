using System.Globalization;
using System.Text;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Store;

/// <summary>What processes do that share a folder: arguments are a mode, the folder and, for some, a name or a count.</summary>
internal static class StoreProcess
{
    public const int ChurnBytes = 300_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var store = new FolderArtifactStore(args[1], TimeProvider.System);
        await (args[0] switch
        {
            "create" => CreateAsync(store, args[2], int.Parse(args[3], CultureInfo.InvariantCulture)),
            "count" => CountAsync(store, int.Parse(args[2], CultureInfo.InvariantCulture)),
            "half" => WriteHalfAsync(store, args[2]),
            "churn" => ChurnAsync(store),
            "fill" => FillAsync(store),
            "change" => ChangeAsync(store),
            _ => throw new ArgumentException(args[0]),
        });
        return 0;
    }

    private static async Task CreateAsync(FolderArtifactStore store, string me, int count)
    {
        Console.WriteLine("ready");
        Console.ReadLine();
        for (int i = 0; i < count; i++)
        {
            if (await store.PutIfAbsentAsync($"race/{i:000}", Encoding.UTF8.GetBytes(me)) is not null)
                Console.WriteLine($"race/{i:000}");
        }
    }

    private static async Task CountAsync(FolderArtifactStore store, int count)
    {
        Console.WriteLine("ready");
        Console.ReadLine();
        for (int i = 0; i < count; i++)
            await ArtifactStoreSuite.IncrementAsync(store, "counter");
    }

    private static async Task WriteHalfAsync(FolderArtifactStore store, string name)
    {
        await store.PutIfMatchAsync(name, etag: null, async (stream, stop) =>
        {
            await stream.WriteAsync(new byte[ChurnBytes], stop);
            await stream.FlushAsync(stop);
            Console.WriteLine("half");
            Console.ReadLine();
        });
    }

    private static async Task ChurnAsync(FolderArtifactStore store)
    {
        string? etag = await store.PutIfMatchAsync("state", etag: null, new byte[ChurnBytes]);
        for (int i = 0; ; i++)
        {
            byte[] content = new byte[ChurnBytes];
            content.AsSpan().Fill((byte)i);
            await store.PutIfAbsentAsync($"part/{i:0000}", content);
            Console.WriteLine($"part/{i:0000}");
            etag = await store.PutIfMatchAsync("state", etag, content);
        }
    }

    private static async Task FillAsync(FolderArtifactStore store)
    {
        var written = new List<string>();
        try
        {
            for (; ; written.Add($"part/{written.Count:000}"))
                await store.PutIfAbsentAsync($"part/{written.Count:000}", new byte[20_000]);
        }
        catch (StoreException e)
        {
            Console.WriteLine(e.IsTransient);
            Console.WriteLine(e.Message);
        }

        Console.WriteLine(written.SequenceEqual(await store.ListAsync("").Select(a => a.Name).ToListAsync()));
        await store.DeleteAsync(written[0]);
        Console.WriteLine(await store.PutIfAbsentAsync("after", new byte[20_000]) is not null);
    }

    private static async Task ChangeAsync(FolderArtifactStore store)
    {
        Console.WriteLine((await store.ReadBytesAsync("after"))?.Bytes.Length);
        try
        {
            await store.PutIfAbsentAsync("more", new byte[10]);
        }
        catch (StoreException e)
        {
            Console.WriteLine(e.IsTransient);
            Console.WriteLine(e.Message);
        }
    }
}
