namespace MixAttention.Batch.Jobs;

/// <summary>Refuses an artifact that another version has written, or that is damaged.</summary>
public sealed class ContractException : Exception
{
    private ContractException(string message, Exception? innerException) : base(message, innerException)
    {
    }

    internal static ContractException OtherVersion(string artifact, string? found, string read) => new(
        $"{artifact} is of the contract '{found}', and this version of mixbatch reads {read} alone. Use the version that made the job, or submit it again with this one.", null);

    internal static ContractException Damaged(string artifact, string schema, Exception cause) => new(
        $"{artifact} is damaged, it is not JSON of the contract {schema}: {cause.Message} Submit the job again.", cause);
}
