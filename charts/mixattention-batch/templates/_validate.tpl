{{- /* Rules that one value alone cannot break. Every broken rule is in the message. Names in backquotes are values. */ -}}
{{- define "mixbatch.problems" -}}
{{- $v := .Values -}}
{{- $options := include "mixbatch.options" . | fromYaml -}}
{{- $drain := int64 $options.drainSeconds -}}
{{- $grace := int64 $v.terminationGracePeriodSeconds -}}
{{- $isJob := eq $v.workload "ScaledJob" -}}
{{- $isAzure := include "mixbatch.isAzure" . -}}
{{- if not $v.image.repository }}
- image.repository is empty. Name the image that the Dockerfile builds, such as myregistry.azurecr.io/mixbatch.
{{- end }}
{{- if not (or $v.image.digest $v.image.tag) }}
- image.digest and image.tag are empty. Give the digest (sha256:…), or the tag of a version.
{{- end }}
{{- if and $isAzure (not $v.queue.namespace) }}
- queue.namespace is empty. Name the Service Bus namespace without its domain, or give storage.existingClaim to try without Azure.
{{- end }}
{{- if and $isAzure (not $v.storage.account) }}
- storage.account is empty. Name the storage account without its domain, or give storage.existingClaim to try without Azure.
{{- end }}
{{- if and (not $isAzure) (or $v.storage.account $v.queue.namespace) }}
- storage.existingClaim stands beside storage.account or queue.namespace. Jobs lie in one place: leave the claim out, or the names of Azure.
{{- end }}
{{- if and (not $isAzure) (or $isJob $v.keda.enabled) }}
- storage.existingClaim needs workload: Deployment and keda.enabled: false. KEDA cannot count the messages of a queue in a file.
{{- end }}
{{- if and (not $isAzure) (gt (int64 $v.deployment.replicas) 1) }}
- deployment.replicas is {{ $v.deployment.replicas }} with storage.existingClaim. A queue in a file is for one node: take one replica.
{{- end }}
{{- if and $isJob (not $v.keda.enabled) }}
- workload is ScaledJob and keda.enabled false. Nothing would ever start a worker: enable keda, or take workload: Deployment.
{{- end }}
{{- if gt (int64 $v.keda.minReplicas) (int64 $v.keda.maxReplicas) }}
- keda.minReplicas is {{ $v.keda.minReplicas }}, more than keda.maxReplicas ({{ $v.keda.maxReplicas }}). Lower the first or raise the second.
{{- end }}
{{- if and $v.keda.identityTenantId (not $v.keda.identityId) }}
- keda.identityTenantId is set and keda.identityId empty. KEDA takes a tenant only with an identity: give both, or neither.
{{- end }}
{{- if lt $grace (add $drain 10) }}
- terminationGracePeriodSeconds is {{ $grace }}. It must be at least {{ add $drain 10 }}: worker.options.drainSeconds ({{ $drain }}) and 10 s to write checkpoints and give shards back.
{{- end }}
{{- if and $v.spot.enabled (gt $drain 25) }}
- worker.options.drainSeconds is {{ $drain }} with spot.enabled. A spot node is gone some 30 s after its notice: take 25 or less, or spot.enabled: false.
{{- end }}
{{- if $isJob }}
{{- $least := add (int64 $options.maxLifetimeSeconds) $grace }}
{{- if le (int64 $v.job.activeDeadlineSeconds) $least }}
- job.activeDeadlineSeconds is {{ int64 $v.job.activeDeadlineSeconds }}. It must exceed {{ $least }}: worker.options.maxLifetimeSeconds ({{ int64 $options.maxLifetimeSeconds }}) and terminationGracePeriodSeconds ({{ $grace }}), so that a worker ends by itself.
{{- end }}
{{- else }}
{{- if not (kindIs "invalid" $options.idleSeconds) }}
- worker.options.idleSeconds is set with workload: Deployment. A worker that ends when idle would be restarted for ever: leave it null.
{{- end }}
{{- if not (kindIs "invalid" $options.maxLifetimeSeconds) }}
- worker.options.maxLifetimeSeconds is set with workload: Deployment. A worker that ends by itself would be restarted for ever: leave it null.
{{- end }}
{{- end }}
{{- if and $v.gpu.enabled (not $options.memory) }}
- worker.options.memory is null with gpu.enabled. Give the GPU's memory less the weights and about a gigabyte of scratch, such as 40GiB (`mixbatch plan` shows what fits).
{{- end }}
{{- with $v.model }}
{{- if and (eq .source "pvc") (not .pvc.claimName) }}
- model.pvc.claimName is empty with model.source: pvc. Name the claim that holds the model, or take another source (image, blobCsi, init, demo).
{{- end }}
{{- if and (eq .source "image") (not .image.reference) }}
- model.image.reference is empty with model.source: image. Name the image that holds the model's files.
{{- end }}
{{- if and (eq .source "blobCsi") (not .blobCsi.storageAccount) }}
- model.blobCsi.storageAccount is empty with model.source: blobCsi. Name the storage account of the models' container.
{{- end }}
{{- if and (eq .source "blobCsi") (not $v.identity.clientId) }}
- identity.clientId is empty with model.source: blobCsi. The driver mounts the container under that identity: give its client id.
{{- end }}
{{- if and (eq .source "init") (not .init.image) }}
- model.init.image is empty with model.source: init. Name the image that fetches the model.
{{- end }}
{{- if and (eq .source "init") (not .files) }}
- model.files is empty with model.source: init. List each fetched file with its SHA-256: nothing else says that what came is what was meant.
{{- end }}
{{- if and .files (not .verifyImage) }}
- model.verifyImage is empty and model.files is not. Name an image with sh and sha256sum, by digest.
{{- end }}
{{- if and .files (eq .source "demo") }}
- model.files is given with model.source: demo. That model is part of the worker's image: leave the files out.
{{- end }}
{{- end }}
{{- if and (not $v.serviceAccount.create) (not $v.serviceAccount.name) $isAzure }}
- serviceAccount.create is false and serviceAccount.name empty. Name the account that the federated credential trusts; the namespace's default one would be everybody's.
{{- end }}
{{- if and $isAzure (hasKey $v.podLabels "azure.workload.identity/use") }}
- podLabels has azure.workload.identity/use, which the chart sets. Leave it out.
{{- end }}
{{- $own := list "MIXBATCH_STORE" "MIXBATCH_QUEUE" "MIXBATCH_MODEL" "MIXBATCH_DEVICE" "MIXBATCH_HEALTH_PORT" }}
{{- range $name, $_ := $v.worker.options }}{{ $own = append $own (printf "MIXBATCH_%s" ($name | snakecase | upper)) }}{{ end }}
{{- range $v.worker.extraEnv }}
{{- if has .name $own }}
- worker.extraEnv has {{ .name }}, which the chart sets from other values. Set those (queue, storage, model, gpu, health, worker.options).
{{- end }}
{{- if regexMatch "(?i)(AccountKey|SharedAccessKey|[?&]sig)=" (default "" .value) }}
- worker.extraEnv has {{ .name }}, whose value looks like a key or a signature of Azure. Workers use workload identity only: leave it out.
{{- end }}
{{- end }}
{{- end -}}

{{- define "mixbatch.validate" -}}
{{- with include "mixbatch.problems" . | trim -}}
{{- fail (printf "\n\nThese values cannot work:\n%s\n" .) -}}
{{- end -}}
{{- end -}}
