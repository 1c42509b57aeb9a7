{{/* Names and labels. A component is order-api, order-processor, metrics-service or redis. */}}

{{- define "orderflow.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "orderflow.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "orderflow.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "orderflow.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* (list . "order-api") */}}
{{- define "orderflow.componentName" -}}
{{- printf "%s-%s" (include "orderflow.fullname" (index . 0)) (index . 1) }}
{{- end }}

{{- define "orderflow.selector" -}}
app.kubernetes.io/name: {{ include "orderflow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "orderflow.componentSelector" -}}
{{ include "orderflow.selector" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "orderflow.labels" -}}
{{ include "orderflow.componentSelector" . }}
app.kubernetes.io/part-of: orderflow
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end }}

{{/* name, namespace and labels of a component's resource: (list . component) or (list . component suffix) */}}
{{- define "orderflow.metadata" -}}
{{- $name := include "orderflow.componentName" . -}}
name: {{ if gt (len .) 2 }}{{ printf "%s-%s" $name (index . 2) }}{{ else }}{{ $name }}{{ end }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "orderflow.labels" . | nindent 2 }}
{{- end }}

{{- define "orderflow.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- $path := printf "%s/%s:%s" $image.repository (index . 1) (default (index . 0).Chart.AppVersion $image.tag) -}}
{{- if $image.registry }}{{ $image.registry }}/{{ end }}{{ $path }}
{{- end }}
