using System.Text.RegularExpressions;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Breaks each rule between values, and reads what Helm says.</summary>
public sealed partial class RuleTests
{
    private const string Job = "scaledjob-values.yaml";
    private const string Deployment = "deployment-values.yaml";
    private const string Cpu = "cpu-values.yaml";

    private static readonly (string Example, string Values, string Problem)[] Broken =
    [
        (Job, "image: { repository: '' }", "image.repository is empty. Name the image that"),
        (Job, "image: { tag: '' }", "image.digest and image.tag are empty. Give the digest"),
        (Job, "queue: { namespace: '' }", "queue.namespace is empty. Name the Service Bus namespace"),
        (Job, "storage: { account: '' }", "storage.account is empty. Name the storage account"),
        (Cpu, "storage: { account: stexample }", "storage.existingClaim stands beside storage.account"),
        (Cpu, "keda: { enabled: true }", "storage.existingClaim needs workload: Deployment and keda.enabled: false"),
        (Cpu, "deployment: { replicas: 2 }", "deployment.replicas is 2 with storage.existingClaim"),
        (Job, "keda: { enabled: false }", "workload is ScaledJob and keda.enabled false"),
        (Job, "keda: { minReplicas: 9 }", "keda.minReplicas is 9, more than keda.maxReplicas (4)"),
        (Job, "keda: { identityTenantId: 00000000-0000-0000-0000-000000000002 }", "keda.identityTenantId is set and keda.identityId empty"),
        (Job, "terminationGracePeriodSeconds: 29", "terminationGracePeriodSeconds is 29. It must be at least 30"),
        (Job, "{ terminationGracePeriodSeconds: 34, worker: { options: { drainSeconds: null } } }", "It must be at least 35"),
        (Job, "worker: { options: { drainSeconds: 26 } }", "worker.options.drainSeconds is 26 with spot.enabled"),
        (Job, "worker: { options: { maxLifetimeSeconds: 21540 } }", "job.activeDeadlineSeconds is 21600. It must exceed 21600"),
        (Deployment, "worker: { options: { idleSeconds: 60 } }", "worker.options.idleSeconds is set with workload: Deployment"),
        (Deployment, "worker: { options: { maxLifetimeSeconds: 60 } }", "worker.options.maxLifetimeSeconds is set with workload: Deployment"),
        (Job, "worker: { options: { memory: null } }", "worker.options.memory is null with gpu.enabled"),
        (Job, "model: { pvc: { claimName: '' } }", "model.pvc.claimName is empty with model.source: pvc"),
        (Job, "model: { source: image }", "model.image.reference is empty with model.source: image"),
        (Job, "model: { source: blobCsi }", "model.blobCsi.storageAccount is empty with model.source: blobCsi"),
        ("blob-model-values.yaml", "identity: { clientId: '' }", "identity.clientId is empty with model.source: blobCsi"),
        ("init-model-values.yaml", "model: { init: { image: '' } }", "model.init.image is empty with model.source: init"),
        ("init-model-values.yaml", "model: { files: null }", "model.files is empty with model.source: init"),
        ("init-model-values.yaml", "model: { verifyImage: '' }", "model.verifyImage is empty and model.files is not"),
        (Job, $"model: {{ source: demo, files: {{ config.json: {Digest} }}, verifyImage: 'a:1' }}", "model.files is given with model.source: demo"),
        (Job, "serviceAccount: { create: false }", "serviceAccount.create is false and serviceAccount.name empty"),
        (Job, "podLabels: { azure.workload.identity/use: 'false' }", "podLabels has azure.workload.identity/use"),
        (Job, "worker: { extraEnv: [{ name: MIXBATCH_DRAIN_SECONDS, value: '9' }] }", "worker.extraEnv has MIXBATCH_DRAIN_SECONDS, which the chart sets"),
        (Job, "worker: { extraEnv: [{ name: CONNECTION, value: 'Endpoint=sb://a/;SharedAccessKey=b' }] }", "worker.extraEnv has CONNECTION, whose value looks like a key"),
    ];

    private const string Digest = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Broken.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Broken_rule_is_named_with_its_cure(int number)
    {
        var helm = await HelmProgram.InstallAsync();
        var (example, values, problem) = Broken[number];

        var run = await helm.TemplateAsync(example, values);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"- {problem}", run.Errors.Replace("- terminationGracePeriodSeconds is 34. ", "- ", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_rule_is_broken_by_a_case()
    {
        string[] rules = [.. Rule().Matches(File.ReadAllText(Path.Combine(HelmProgram.Chart, "templates/_validate.tpl"))).Select(m => Action().Replace(m.Value[2..], "*"))];

        var unbroken = rules.Where(rule => !Broken.Any(b => Regex.IsMatch(b.Problem, "^" + Shared(rule))));

        Assert.True(rules.Length > 20);
        Assert.Empty(unbroken);

        // A rule and a case are of one kind when they begin alike, whatever stands for the values.
        string Shared(string rule) => Regex.Escape(rule[..Math.Min(rule.Length, 40)]).Replace("\\*", ".*", StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_broken_rules_are_told_at_once()
    {
        var helm = await HelmProgram.InstallAsync();

        var run = await helm.TemplateAsync(Job, "{ image: { repository: '', tag: '' }, queue: { namespace: '' }, storage: { account: '' }, model: { pvc: { claimName: '' } }, worker: { options: { memory: null } } }");

        Assert.Equal(6, run.Errors.Split('\n').Count(line => line.StartsWith("- ", StringComparison.Ordinal)));
    }

    [GeneratedRegex("^- .*", RegexOptions.Multiline)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\{\{.*?\}\}")]
    private static partial Regex Action();
}
