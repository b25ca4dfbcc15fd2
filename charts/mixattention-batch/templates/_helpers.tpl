{{- define "mixbatch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* KEDA makes Job names of it by adding a suffix, and their pods another: 40 characters leave room for both. */ -}}
{{- define "mixbatch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "mixbatch.name" . -}}
{{- (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mixbatch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mixbatch.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Pods of workers: what policies, monitors and budgets select. The pod of `helm test` is none. */ -}}
{{- define "mixbatch.workerSelector" -}}
{{ include "mixbatch.selectorLabels" . }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "mixbatch.labels" -}}
{{ include "mixbatch.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: mixattention-batch
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mixbatch.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "mixbatch.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (deepCopy (default dict .annotations)) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "mixbatch.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "mixbatch.fullname" .) "default") -}}
{{- end -}}

{{- define "mixbatch.image" -}}
{{- .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag }}{{ end -}}
{{- end -}}

{{- define "mixbatch.isAzure" -}}
{{- if not .Values.storage.existingClaim }}true{{ end -}}
{{- end -}}

{{- define "mixbatch.modelFolder" -}}
{{- if eq .Values.model.source "demo" -}}
/app/Demo/model
{{- else -}}
/models{{ with .Values.model.path }}/{{ . }}{{ end }}
{{- end -}}
{{- end -}}

{{- /* Whole numbers only: Helm reads them as floating point, which it prints as 1e+06 from a million on. */ -}}
{{- define "mixbatch.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- /* The worker's options: what values give, else what the workload needs, else nothing. */ -}}
{{- define "mixbatch.options" -}}
{{- $options := deepCopy .Values.worker.options -}}
{{- if eq .Values.workload "ScaledJob" -}}
{{- if kindIs "invalid" $options.idleSeconds }}{{ $_ := set $options "idleSeconds" 120 }}{{ end -}}
{{- if kindIs "invalid" $options.maxLifetimeSeconds }}{{ $_ := set $options "maxLifetimeSeconds" 14400 }}{{ end -}}
{{- end -}}
{{- if kindIs "invalid" $options.drainSeconds }}{{ $_ := set $options "drainSeconds" 25 }}{{ end -}}
{{ toYaml $options }}
{{- end -}}
