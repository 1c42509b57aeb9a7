{{- define "orderflow.orderApi.pod" -}}
{{- include "orderflow.pod" (dict "root" . "component" "order-api" "port" 8000 "values" .Values.orderApi "env" "" "preStop" true) }}
{{- end }}
