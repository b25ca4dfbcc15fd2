using Azure.Identity;
using MixAttention.Batch.Azure.Blobs;

namespace MixAttention.Batch.Azure.Tests.Blobs;

public sealed class BlobAddressTests
{
    [Theory]
    [InlineData("https://jobs.blob.core.windows.net/container", "https://jobs.blob.core.windows.net/", "container", "")]
    [InlineData("https://jobs.blob.core.windows.net/container/", "https://jobs.blob.core.windows.net/", "container", "")]
    [InlineData("https://jobs.blob.core.windows.net/container/a/b", "https://jobs.blob.core.windows.net/", "container", "a/b/")]
    [InlineData("http://127.0.0.1:10000/devstoreaccount1/container", "http://127.0.0.1:10000/devstoreaccount1", "container", "")]
    [InlineData("http://localhost:10000/devstoreaccount1/container/a", "http://localhost:10000/devstoreaccount1", "container", "a/")]
    public void Address_is_read_and_written(string text, string account, string container, string prefix)
    {
        Assert.True(BlobAddress.TryParse(text, out var address));
        Assert.Equal((new Uri(account), container, prefix), (address.Account, address.Container, address.Prefix));
        Assert.Equal(text.TrimEnd('/'), address.ToString());
        Assert.Equal(text.StartsWith("http:", StringComparison.Ordinal), address.IsEmulator);
    }

    [Theory]
    [InlineData("")]
    [InlineData("container")]
    [InlineData("https://jobs.blob.core.windows.net/")]
    [InlineData("https://jobs.blob.core.windows.net/container?sv=2024&sig=abc")]
    [InlineData("https://jobs.blob.core.windows.net/container#a")]
    [InlineData("https://user:secret@jobs.blob.core.windows.net/container")]
    [InlineData("https://jobs.blob.core.windows.net/Container")]
    [InlineData("https://jobs.blob.core.windows.net/co")]
    [InlineData("https://jobs.blob.core.windows.net/container/.hidden")]
    [InlineData("http://jobs.blob.core.windows.net/container")]
    [InlineData("http://10.0.0.1:10000/devstoreaccount1/container")]
    [InlineData("http://127.0.0.1:10000/another/container")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=jobs;AccountKey=abc=;EndpointSuffix=core.windows.net")]
    public void Anything_else_is_refused(string text) => Assert.False(BlobAddress.TryParse(text, out _));

    [Fact]
    public void Emulator_is_opened_by_its_own_door_alone()
    {
        Assert.True(BlobAddress.TryParse("http://127.0.0.1:10000/devstoreaccount1/container", out var emulator));
        Assert.True(BlobAddress.TryParse("https://jobs.blob.core.windows.net/container", out var cloud));
        Assert.Throws<ArgumentException>(() => BlobArtifactStore.Open(emulator, new DefaultAzureCredential(), new BlobStoreOptions(), TimeProvider.System));
        Assert.Throws<ArgumentException>(() => BlobArtifactStore.OpenEmulator(cloud, new BlobStoreOptions(), TimeProvider.System));
    }
}
