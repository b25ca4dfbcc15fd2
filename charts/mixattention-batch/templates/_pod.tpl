{{- /* Where the worker finds things, and its options. */ -}}
{{- define "mixbatch.env" -}}
{{- if include "mixbatch.isAzure" . }}
- name: MIXBATCH_STORE
  value: {{ printf "https://%s.blob.core.windows.net/%s%s" .Values.storage.account .Values.storage.container (.Values.storage.prefix | empty | ternary "" (printf "/%s" .Values.storage.prefix)) | quote }}
- name: MIXBATCH_QUEUE
  value: {{ printf "sb://%s.servicebus.windows.net/%s" .Values.queue.namespace .Values.queue.name | quote }}
{{- else }}
- name: MIXBATCH_STORE
  value: /store
{{- end }}
- name: MIXBATCH_MODEL
  value: {{ include "mixbatch.modelFolder" . | quote }}
- name: MIXBATCH_DEVICE
  value: {{ .Values.gpu.enabled | ternary "cuda" "cpu" }}
- name: MIXBATCH_HEALTH_PORT
  value: {{ .Values.health.port | int64 | quote }}
{{- range $name, $value := include "mixbatch.options" . | fromYaml }}
{{- if not (kindIs "invalid" $value) }}
- name: MIXBATCH_{{ $name | snakecase | upper }}
  value: {{ include "mixbatch.text" $value | quote }}
{{- end }}
{{- end }}
# Half of the container's memory (the number is hexadecimal) for .NET's heap at most: weights, keys and values lie outside it.
- name: DOTNET_GCHeapHardLimitPercent
  value: "0x32"
{{- end -}}

{{- define "mixbatch.modelVolume" -}}
{{- with .Values.model }}
{{- if eq .source "pvc" }}
- name: model
  persistentVolumeClaim:
    claimName: {{ .pvc.claimName }}
    readOnly: true
{{- else if eq .source "image" }}
- name: model
  image:
    reference: {{ .image.reference }}
    pullPolicy: {{ .image.pullPolicy }}
{{- else if eq .source "blobCsi" }}
- name: model
  csi:
    driver: blob.csi.azure.com
    readOnly: true
    volumeAttributes:
      storageaccount: {{ .blobCsi.storageAccount }}
      containerName: {{ .blobCsi.container }}
      protocol: fuse2
      clientID: {{ $.Values.identity.clientId | quote }}
      # Otherwise the driver fetches the account's key, which accounts that are shut to keys do not give.
      mountWithWorkloadIdentityToken: "true"
      {{- with $.Values.identity.tenantId }}
      tenantID: {{ . | quote }}
      {{- end }}
      {{- with .blobCsi.resourceGroup }}
      resourcegroup: {{ . }}
      {{- end }}
      {{- with .blobCsi.mountOptions }}
      mountOptions: {{ . | quote }}
      {{- end }}
{{- else if eq .source "init" }}
- name: model
  emptyDir:
    sizeLimit: {{ .init.sizeLimit }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "mixbatch.initContainers" -}}
{{- if eq .Values.model.source "init" }}
- name: fetch-model
  image: {{ .Values.model.init.image }}
  {{- with .Values.model.init.command }}
  command: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.model.init.args }}
  args: {{ toYaml . | nindent 4 }}
  {{- end }}
  env:
    - name: MODEL_DIR
      value: {{ include "mixbatch.modelFolder" . | quote }}
    # The root file system is read-only: what a tool keeps at home goes here.
    - name: HOME
      value: /tmp
    {{- with .Values.model.init.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  securityContext: {{ toYaml .Values.containerSecurityContext | nindent 4 }}
  resources:
    requests: { cpu: "1", memory: 1Gi, ephemeral-storage: {{ .Values.model.init.sizeLimit }} }
    limits: { memory: 2Gi }
  volumeMounts:
    - { name: model, mountPath: /models }
    - { name: tmp, mountPath: /tmp }
{{- end }}
{{- if .Values.model.files }}
- name: verify-model
  image: {{ .Values.model.verifyImage }}
  command: ["sh", "-c", "cd \"$MODEL_DIR\" && sha256sum -c /checksums/SHA256SUMS"]
  env:
    - name: MODEL_DIR
      value: {{ include "mixbatch.modelFolder" . | quote }}
  securityContext: {{ toYaml .Values.containerSecurityContext | nindent 4 }}
  resources:
    requests: { cpu: "1", memory: 256Mi }
    limits: { memory: 512Mi }
  volumeMounts:
    - { name: model, mountPath: /models, readOnly: true }
    - { name: checksums, mountPath: /checksums, readOnly: true }
{{- end }}
{{- end -}}

{{- define "mixbatch.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- include "mixbatch.modelVolume" . }}
{{- if .Values.model.files }}
- name: checksums
  configMap:
    name: {{ include "mixbatch.fullname" . }}-model
{{- end }}
{{- with .Values.storage.existingClaim }}
- name: store
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- with .Values.worker.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mixbatch.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if ne .Values.model.source "demo" }}
- { name: model, mountPath: /models, readOnly: true }
{{- end }}
{{- if .Values.storage.existingClaim }}
- { name: store, mountPath: /store }
{{- end }}
{{- with .Values.worker.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mixbatch.resources" -}}
{{- $resources := deepCopy .Values.resources -}}
{{- if .Values.gpu.enabled -}}
{{- $gpu := dict .Values.gpu.resourceName (.Values.gpu.count | int64 | toString) -}}
{{- $resources = mergeOverwrite (dict "requests" dict "limits" dict) $resources (dict "limits" $gpu "requests" $gpu) -}}
{{- end -}}
{{ toYaml $resources }}
{{- end -}}

{{- define "mixbatch.tolerations" -}}
{{- $all := .Values.tolerations -}}
{{- if .Values.gpu.enabled }}{{ $all = concat $all .Values.gpu.tolerations }}{{ end -}}
{{- if .Values.spot.enabled }}{{ $all = concat $all .Values.spot.tolerations }}{{ end -}}
{{- with $all }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- /* What all pods of the chart have: identity, security, place. */ -}}
{{- define "mixbatch.podBase" -}}
serviceAccountName: {{ include "mixbatch.serviceAccountName" . }}
# The token for Azure is projected by the webhook of workload identity; the one for Kubernetes' API is not needed.
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{ toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with include "mixbatch.tolerations" . }}
tolerations: {{ . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "mixbatch.podLabels" -}}
{{ include "mixbatch.labels" . }}
{{- if include "mixbatch.isAzure" . }}
azure.workload.identity/use: "true"
{{- end }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mixbatch.probe" -}}
httpGet: { path: /healthz/{{ .path }}, port: health }
periodSeconds: {{ .probe.periodSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
{{- end -}}

{{- /* The template of a worker's pod. */ -}}
{{- define "mixbatch.workerPod" -}}
metadata:
  labels:
    {{- include "mixbatch.podLabels" . | nindent 4 }}
    app.kubernetes.io/component: worker
  annotations:
    {{- /* The autoscaler evicts no worker to save a node: it would lose what runs. Given annotations win. */}}
    {{- toYaml (merge (deepCopy .Values.podAnnotations) (dict "cluster-autoscaler.kubernetes.io/safe-to-evict" "false" "checksum/model" (toJson .Values.model.files | sha256sum))) | nindent 4 }}
spec:
  {{- include "mixbatch.podBase" . | nindent 2 }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    - {{ toYaml (merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" (include "mixbatch.workerSelector" $ | fromYaml)))) | nindent 6 | trim }}
    {{- end }}
  {{- end }}
  restartPolicy: {{ eq .Values.workload "ScaledJob" | ternary "Never" "Always" }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with include "mixbatch.initContainers" . | trim }}
  initContainers: {{ . | nindent 4 }}
  {{- end }}
  containers:
    - name: worker
      image: {{ include "mixbatch.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [worker]
      env:
        {{- include "mixbatch.env" . | trim | nindent 8 }}
        {{- with .Values.worker.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.worker.extraEnvFrom }}
      envFrom: {{ toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - { name: health, containerPort: {{ .Values.health.port }}, protocol: TCP }
      startupProbe: {{ include "mixbatch.probe" (dict "path" "startup" "probe" .Values.health.startup) | nindent 8 }}
      livenessProbe: {{ include "mixbatch.probe" (dict "path" "live" "probe" .Values.health.liveness) | nindent 8 }}
      {{- if eq .Values.workload "Deployment" }}
      readinessProbe: {{ include "mixbatch.probe" (dict "path" "ready" "probe" .Values.health.readiness) | nindent 8 }}
      {{- end }}
      resources: {{ include "mixbatch.resources" . | nindent 8 }}
      securityContext: {{ toYaml .Values.containerSecurityContext | nindent 8 }}
      volumeMounts: {{ include "mixbatch.volumeMounts" . | nindent 8 }}
  volumes: {{ include "mixbatch.volumes" . | nindent 4 }}
{{- end -}}
