{{- define "orderflow.orderApi.pod" -}}
{{- include "orderflow.pod" (dict "root" . "component" "order-api" "port" 8000 "values" .Values.orderApi "env" (include "orderflow.orderApi.env" .) "preStop" true) }}
{{- end }}

{{- define "orderflow.orderApi.env" -}}
{{- with .Values.orderApi.webhooks }}
{{- if .existingSecret -}}
- name: ORDERFLOW_WEBHOOKS__SECRET
  valueFrom: {secretKeyRef: {name: {{ .existingSecret }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- end }}
