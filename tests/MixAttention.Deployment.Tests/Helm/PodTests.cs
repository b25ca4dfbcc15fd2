using System.Text.Json.Nodes;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Holds what the chart's objects say.</summary>
public sealed class PodTests
{
    public static TheoryData<string> Examples => HelmProgram.Examples;

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Pod_has_no_more_rights_than_it_needs(string example)
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync(example);

        foreach (var pod in chart.Objects.Where(o => o["kind"]!.GetValue<string>() == "Pod").Select(o => o["spec"]!).Append(chart.WorkerPod["spec"]!))
        {
            Assert.False(pod["automountServiceAccountToken"]!.GetValue<bool>());
            Assert.True(pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>());
            Assert.True(pod["securityContext"]!["runAsUser"]!.GetValue<int>() >= 10001);
            Assert.Equal("RuntimeDefault", pod["securityContext"]!["seccompProfile"]!["type"]!.GetValue<string>());
            Assert.All(pod["volumes"]!.AsArray(), volume => Assert.Null(volume!["hostPath"]));
            foreach (var container in (pod["initContainers"] as JsonArray ?? []).Concat(pod["containers"]!.AsArray()))
            {
                var context = container!["securityContext"]!;
                Assert.True(context["readOnlyRootFilesystem"]!.GetValue<bool>());
                Assert.False(context["allowPrivilegeEscalation"]!.GetValue<bool>());
                Assert.Equal("[\"ALL\"]", context["capabilities"]!["drop"]!.ToJsonString());
                Assert.NotNull(container["resources"]!["limits"]!["memory"]);
            }
        }
    }

    [Fact]
    public async Task ScaledJob_starts_jobs_that_the_queue_repeats()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("scaledjob-values.yaml");

        var spec = chart["ScaledJob"]["spec"]!;
        var job = spec["jobTargetRef"]!;
        Assert.Equal(0, job["backoffLimit"]!.GetValue<int>());
        Assert.Equal("Never", chart.WorkerPod["spec"]!["restartPolicy"]!.GetValue<string>());
        Assert.Equal("Ignore DisruptionTarget", $"{job["podFailurePolicy"]!["rules"]![0]!["action"]} {job["podFailurePolicy"]!["rules"]![0]!["onPodConditions"]![0]!["type"]}");
        Assert.Equal("gradual", spec["rollout"]!["strategy"]!.GetValue<string>());
        Assert.Equal("""{"namespace":"sb-example","queueName":"jobs","messageCount":"4","activationMessageCount":"0"}""", spec["triggers"]![0]!["metadata"]!.ToJsonString());
        Assert.Equal("azure-workload", chart["TriggerAuthentication"]["spec"]!["podIdentity"]!["provider"]!.GetValue<string>());
        Assert.Equal(chart["TriggerAuthentication"]["metadata"]!["name"]!.GetValue<string>(), spec["triggers"]![0]!["authenticationRef"]!["name"]!.GetValue<string>());
        Assert.Equal(("120", "14400"), (chart.Environment["MIXBATCH_IDLE_SECONDS"], chart.Environment["MIXBATCH_MAX_LIFETIME_SECONDS"]));
        Assert.Null(chart.Worker["readinessProbe"]);
        Assert.DoesNotContain("PodDisruptionBudget", chart.Kinds);
    }

    [Fact]
    public async Task Deployment_leaves_the_number_of_pods_to_KEDA()
    {
        var helm = await HelmProgram.InstallAsync();

        var scaled = await helm.RenderAsync("deployment-values.yaml");
        var alone = await helm.RenderAsync("deployment-values.yaml", "keda: { enabled: false }");

        Assert.Null(scaled["Deployment"]["spec"]!["replicas"]);
        Assert.Equal(scaled["Deployment"]["metadata"]!["name"]!.GetValue<string>(), scaled["ScaledObject"]["spec"]!["scaleTargetRef"]!["name"]!.GetValue<string>());
        Assert.DoesNotContain("MIXBATCH_IDLE_SECONDS", scaled.Environment.Keys);
        Assert.NotNull(scaled.Worker["readinessProbe"]);
        Assert.Contains("PodDisruptionBudget", scaled.Kinds);
        Assert.Equal(1, alone["Deployment"]["spec"]!["replicas"]!.GetValue<int>());
        Assert.DoesNotContain("ScaledObject", alone.Kinds);
    }

    [Fact]
    public async Task Selectors_find_the_workers_and_not_the_pod_of_the_test()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("deployment-values.yaml");

        var doctor = chart["Pod"]["metadata"]!["labels"]!;
        foreach (var selector in new[] { chart["Deployment"]["spec"]!["selector"]!, chart["PodDisruptionBudget"]["spec"]!["selector"]!, chart["PodMonitor"]["spec"]!["selector"]! }.Select(s => s["matchLabels"]!.AsObject()))
        {
            Assert.All(selector, label => Assert.Equal(label.Value!.GetValue<string>(), chart.WorkerPod["metadata"]!["labels"]![label.Key]!.GetValue<string>()));
            Assert.Contains(selector, label => label.Value!.GetValue<string>() != doctor[label.Key]!.GetValue<string>());
        }

        Assert.All(chart["NetworkPolicy"]["spec"]!["podSelector"]!["matchLabels"]!.AsObject(), label => Assert.Equal(label.Value!.GetValue<string>(), doctor[label.Key]!.GetValue<string>()));
    }

    [Fact]
    public async Task Gpu_and_spot_bring_their_limits_and_tolerations()
    {
        var helm = await HelmProgram.InstallAsync();

        var gpu = await helm.RenderAsync("scaledjob-values.yaml");
        var cpu = await helm.RenderAsync("cpu-values.yaml");

        Assert.Equal("1", gpu.Worker["resources"]!["limits"]!["nvidia.com/gpu"]!.GetValue<string>());
        Assert.Equal("32Gi", gpu.Worker["resources"]!["limits"]!["memory"]!.GetValue<string>());
        Assert.Equal(["sku", "nvidia.com/gpu", "kubernetes.azure.com/scalesetpriority"], gpu.WorkerPod["spec"]!["tolerations"]!.AsArray().Select(t => t!["key"]!.GetValue<string>()));
        Assert.Equal("cuda", gpu.Environment["MIXBATCH_DEVICE"]);
        Assert.Null(cpu.Worker["resources"]!["limits"]!["nvidia.com/gpu"]);
        Assert.Null(cpu.WorkerPod["spec"]!["tolerations"]);
        Assert.Equal(("cpu", "/store"), (cpu.Environment["MIXBATCH_DEVICE"], cpu.Environment["MIXBATCH_STORE"]));
        Assert.DoesNotContain("MIXBATCH_QUEUE", cpu.Environment.Keys);
    }

    [Theory]
    [InlineData("scaledjob-values.yaml", "persistentVolumeClaim", "/models")]
    [InlineData("image-model-values.yaml", "image", "/models")]
    [InlineData("blob-model-values.yaml", "csi", "/models/ma-offset")]
    [InlineData("init-model-values.yaml", "emptyDir", "/models/ma-offset")]
    public async Task Model_comes_from_its_source_and_is_read_only(string example, string volume, string folder)
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync(example);

        Assert.NotNull(chart.WorkerPod["spec"]!["volumes"]!.AsArray().Single(v => v!["name"]!.GetValue<string>() == "model")![volume]);
        Assert.True(chart.Worker["volumeMounts"]!.AsArray().Single(v => v!["name"]!.GetValue<string>() == "model")!["readOnly"]!.GetValue<bool>());
        Assert.Equal(folder, chart.Environment["MIXBATCH_MODEL"]);
    }

    [Fact]
    public async Task Mounted_container_is_opened_by_a_token_and_not_by_a_key()
    {
        var helm = await HelmProgram.InstallAsync();

        var volume = (await helm.RenderAsync("blob-model-values.yaml")).WorkerPod["spec"]!["volumes"]!.AsArray().Single(v => v!["csi"] is not null)!["csi"]!;

        Assert.True(volume["readOnly"]!.GetValue<bool>());
        Assert.Equal("true", volume["volumeAttributes"]!["mountWithWorkloadIdentityToken"]!.GetValue<string>());
        Assert.Equal("00000000-0000-0000-0000-00000000000c", volume["volumeAttributes"]!["clientID"]!.GetValue<string>());
    }

    [Fact]
    public async Task Fetched_model_is_checked_before_the_worker_starts()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("init-model-values.yaml");

        Assert.Equal(["fetch-model", "verify-model"], chart.WorkerPod["spec"]!["initContainers"]!.AsArray().Select(c => c!["name"]!.GetValue<string>()));
        Assert.Equal($"{new string('a', 64)}  config.json\n{new string('b', 64)}  model.safetensors\n", chart["ConfigMap"]["data"]!["SHA256SUMS"]!.GetValue<string>());
    }

    [Fact]
    public async Task Network_policy_opens_queue_and_store_and_never_the_metadata_endpoint()
    {
        var helm = await HelmProgram.InstallAsync();

        var open = (await helm.RenderAsync("scaledjob-values.yaml"))["NetworkPolicy"]["spec"]!["egress"]!.AsArray();
        var closed = (await helm.RenderAsync("full-values.yaml"))["NetworkPolicy"]["spec"]!["egress"]!.AsArray();
        var alone = (await helm.RenderAsync("cpu-values.yaml"))["NetworkPolicy"]["spec"]!["egress"]!.AsArray();

        Assert.Equal(["53,53", "443,5671"], open.Select(Ports));
        Assert.Equal(["53,53", "443,5671", "443", "4318"], closed.Select(Ports));
        Assert.Equal("10.0.4.0/24", closed[1]!["to"]![0]!["ipBlock"]!["cidr"]!.GetValue<string>());
        Assert.Equal(["53,53"], alone.Select(Ports));
        foreach (var block in open.Concat(closed).SelectMany(rule => rule!["to"]!.AsArray()).Select(to => to!["ipBlock"]).Where(b => b?["cidr"]!.GetValue<string>() == "0.0.0.0/0"))
            Assert.Equal("[\"169.254.169.254/32\"]", block!["except"]!.ToJsonString());

        static string Ports(JsonNode? rule) => string.Join(',', rule!["ports"]!.AsArray().Select(p => p!["port"]));
    }

    [Fact]
    public async Task Service_account_names_the_identity_that_pods_take()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("full-values.yaml");
        var foreign = await helm.RenderAsync("blob-model-values.yaml");

        Assert.Equal("00000000-0000-0000-0000-00000000000c", chart["ServiceAccount"]["metadata"]!["annotations"]!["azure.workload.identity/client-id"]!.GetValue<string>());
        Assert.Equal("workers", chart.WorkerPod["spec"]!["serviceAccountName"]!.GetValue<string>());
        Assert.Equal("true", chart.WorkerPod["metadata"]!["labels"]!["azure.workload.identity/use"]!.GetValue<string>());
        Assert.Equal("workers", foreign.WorkerPod["spec"]!["serviceAccountName"]!.GetValue<string>());
        Assert.DoesNotContain("ServiceAccount", foreign.Kinds);
    }

    [Fact]
    public async Task Extra_objects_are_templates()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("full-values.yaml");

        Assert.Contains(chart.Objects, o => o["metadata"]!["name"]!.GetValue<string>() == "batch-extra" && o["data"]!["release"]!.GetValue<string>() == "release");
        Assert.Contains(chart.Objects, o => o["metadata"]!["name"]!.GetValue<string>() == "notes" && o["data"]!["note"]!.GetValue<string>() == "long-jobs");
    }
}
