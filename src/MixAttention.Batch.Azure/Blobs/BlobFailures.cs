using System.Globalization;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;
using MixAttention.Batch.Store;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Tells which failures may pass by themselves, and says of each what, where, why and what to do.</summary>
/// <param name="address">The store.</param>
internal sealed class BlobFailures(BlobAddress address)
{
    private const int NoAnswer = 0;

    private volatile bool _hasWorked;

    /// <summary>Notes that a call succeeded: from then on a refused identity is a token that ran out, not a role that is missing.</summary>
    public void NoteSuccess() => _hasWorked = true;

    /// <summary>Whether the same call may succeed soon.</summary>
    public bool IsTransient(Exception? failure) => failure switch
    {
        RequestFailedException { Status: NoAnswer or 408 or 429 or 500 or 502 or 503 or 504 } => true,
        RequestFailedException { Status: 401 or 403 } => _hasWorked,
        RequestFailedException => false,
        CredentialUnavailableException => _hasWorked,
        AuthenticationFailedException => true, // The identity service answers late, or not at all.
        _ => IsFailure(failure),
    };

    /// <summary>Whether a call's exception is a failure of the store; else it is an error of the program or the end of a caller's patience.</summary>
    public static bool IsFailure(Exception? exception) =>
        exception is RequestFailedException or AuthenticationFailedException or TimeoutRejectedException or BrokenCircuitException or IOException or HttpRequestException or AggregateException;

    /// <summary>Gets how long the service asked to wait.</summary>
    public static TimeSpan? PauseOf(Exception? failure) =>
        failure is RequestFailedException e && e.GetRawResponse()?.Headers.TryGetValue("Retry-After", out string? text) == true && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, 60))
            : null;

    /// <summary>Explains a failure.</summary>
    /// <param name="action">What was attempted, as in "write NAME".</param>
    /// <param name="failure">A failure of the store.</param>
    public StoreException Explain(string action, Exception failure)
    {
        var (why, cure) = failure switch
        {
            RequestFailedException { Status: 401 or 403 } => ("this identity is not allowed to", "Give it the role Storage Blob Data Contributor on the container; a new role takes some minutes"),
            RequestFailedException e when e.ErrorCode == BlobErrorCode.ContainerNotFound => ("there is no such container", "Create it, or correct --store"),
            RequestFailedException { Status: 429 or 503 } => ("the service is busy", "Try again later; if that lasts, spread the load over more accounts"),
            AuthenticationFailedException => ("this identity cannot sign in", "Check the workload identity of the pod, or sign in with az login"),
            _ => ("the service did not answer as it should", "Try again; if that lasts, check that this machine reaches it"),
        };
        return new StoreException($"Cannot {action} in the store {address}: {why} ({FirstLine(failure)}). {cure}.", IsTransient(failure), failure);
    }

    // The SDK adds headers and links in lines of their own.
    private static string FirstLine(Exception failure) => failure.Message.Split('\n')[0].Trim().TrimEnd('.');
}
