{{/* Where Redis is, and its users. What each user may do is in acl/. */}}

{{- define "orderflow.redisSecret" -}}
{{- if .Values.redis.enabled -}}
{{- default (include "orderflow.componentName" (list . "redis")) .Values.redis.existingSecret }}
{{- else -}}
{{- .Values.externalRedis.existingSecret }}
{{- end }}
{{- end }}

{{- define "orderflow.redisHost" -}}
{{- printf "%s.%s.svc" (include "orderflow.componentName" (list . "redis")) .Release.Namespace }}
{{- end }}

{{/* The rules of one user on one line: (list . "order-api") */}}
{{- define "orderflow.aclRules" -}}
{{- $root := index . 0 -}}
{{- $rules := list -}}
{{- range $line := splitList "\n" ($root.Files.Get (printf "acl/%s.acl" (index . 1))) -}}
{{- if and (trim $line) (not (hasPrefix "#" $line)) }}{{ $rules = append $rules (trim $line) }}{{ end -}}
{{- end -}}
{{- join " " $rules | replace "PREFIX" $root.Values.streams.prefix }}
{{- end }}

{{- define "orderflow.scalerRules" -}}
{{- include "orderflow.aclRules" (list . "scaler") }}
{{- if and (eq .Values.autoscaling.mode "keda") (eq (int .Values.autoscaling.minReplicas) 0) }} {{ include "orderflow.aclRules" (list . "scaler-to-zero") }}{{ end }}
{{- end }}

{{/* host:port as the scaler is told, separated by commas. */}}
{{- define "orderflow.scalerAddresses" -}}
{{- if .Values.redis.enabled }}{{ include "orderflow.redisHost" . }}:6379
{{- else }}{{ join "," .Values.externalRedis.addresses }}{{ end }}
{{- end }}
