{{- /* All metadata of a trigger is text. */ -}}
{{- define "mixbatch.triggers" -}}
- type: azure-servicebus
  metadata:
    namespace: {{ .Values.queue.namespace | quote }}
    queueName: {{ .Values.queue.name | quote }}
    messageCount: {{ .Values.keda.messageCount | int64 | quote }}
    activationMessageCount: {{ .Values.keda.activationMessageCount | int64 | quote }}
  authenticationRef:
    name: {{ .Values.keda.authenticationName | default (include "mixbatch.fullname" .) }}
{{- end -}}
