{{- define "orderflow.metricsService.env" -}}
- name: ORDERFLOW_PROJECTION__ORDER_API_URL
  value: http://{{ include "orderflow.componentName" (list . "order-api") }}:8000
{{- with .Values.metricsService.dashboard.existingSecret }}
- name: ORDERFLOW_DASHBOARD__ADMIN_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: admin-key}}
{{- end }}
{{- end }}

{{- define "orderflow.metricsService.pod" -}}
{{- include "orderflow.pod" (dict "root" . "component" "metrics-service" "port" 8001 "values" .Values.metricsService "env" (include "orderflow.metricsService.env" .) "preStop" true) }}
{{- end }}
