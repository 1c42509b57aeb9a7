{{/* What the pods of the three services have in common. */}}

{{- define "orderflow.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "orderflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Seconds: what is in hand, what preStop takes, and something to spare. */}}
{{- define "orderflow.gracePeriod" -}}
{{- $drain := divf (int .Values.lifecycle.drainTimeoutMs) 1000 | ceil | int -}}
{{- add $drain (int .Values.lifecycle.preStopSeconds) 10 }}
{{- end }}

{{/* Soft: a cluster of one node still runs everything. */}}
{{- define "orderflow.spread" -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "orderflow.componentSelector" $ | nindent 6 }}
{{- end }}
{{- end }}

{{/* The settings that all three have. A service's own come before, extraEnv after. */}}
{{- define "orderflow.env" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $v := $root.Values -}}
- name: ORDERFLOW_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: ORDERFLOW_REDIS__URL
  valueFrom: {secretKeyRef: {name: {{ include "orderflow.redisSecret" $root }}, key: {{ $component }}-url}}
- name: ORDERFLOW_REDIS__PREFIX
  value: {{ $v.streams.prefix | quote }}
- name: ORDERFLOW_REDIS__PARTITIONS
  value: {{ $v.streams.partitions | quote }}
{{ include "orderflow.databaseEnv" . }}
- name: ORDERFLOW_LIFECYCLE__DRAIN_TIMEOUT_MS
  value: {{ int $v.lifecycle.drainTimeoutMs | quote }}
- name: ORDERFLOW_TELEMETRY__LOG
  value: {{ $v.telemetry.log | quote }}
- name: ORDERFLOW_TELEMETRY__LOG_FORMAT
  value: json
{{- if $v.telemetry.otlpEndpoint }}
- name: ORDERFLOW_TELEMETRY__OTLP_ENDPOINT
  value: {{ $v.telemetry.otlpEndpoint | quote }}
- name: ORDERFLOW_TELEMETRY__OTLP_PROTOCOL
  value: {{ $v.telemetry.otlpProtocol }}
- name: ORDERFLOW_TELEMETRY__SAMPLE_RATIO
  value: {{ $v.telemetry.sampleRatio | quote }}
{{- end }}
{{- if and (not $v.redis.enabled) $v.externalRedis.ca.existingSecret }}
# In addition to the image's own certificates, which SSL_CERT_FILE names.
- name: SSL_CERT_DIR
  value: /etc/orderflow/redis-ca
{{- end }}
{{- end }}

{{- define "orderflow.databaseEnv" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $database := $root.Values.database -}}
- name: ORDERFLOW_DATABASE__URL
{{- if eq $database.type "postgresql" }}
  valueFrom: {secretKeyRef: {name: {{ $database.postgresql.existingSecret }}, key: {{ $database.postgresql.key }}}}
{{- else }}
  value: sqlite:///data/{{ $component }}.db
{{- end }}
{{- end }}

{{/*
A service's pod. A dict: root, component, port, values (of the component), env (its own settings), preStop (whether others
send it requests).
*/}}
{{- define "orderflow.pod" -}}
{{- $root := .root -}}{{- $v := $root.Values -}}
{{- $sqlite := eq $v.database.type "sqlite" -}}
{{- $ca := and (not $v.redis.enabled) $v.externalRedis.ca.existingSecret -}}
metadata:
  labels:
    {{- include "orderflow.labels" (list $root .component) | nindent 4 }}
spec:
  serviceAccountName: {{ include "orderflow.fullname" $root }}
  automountServiceAccountToken: false
  # Variables such as ORDERFLOW_REDIS_PORT would be taken for settings, and refused.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "orderflow.gracePeriod" $root }}
  securityContext:
    {{- include "orderflow.podSecurity" $root | nindent 4 }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- include "orderflow.spread" (list $root .component) | nindent 4 }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "orderflow.image" (list $root .component) }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      securityContext:
        {{- include "orderflow.containerSecurity" $root | nindent 8 }}
      env:
        - name: ORDERFLOW_HTTP__LISTEN
          value: 0.0.0.0:{{ .port }}
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- include "orderflow.env" (list $root .component) | nindent 8 }}
        {{- with .values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: http, containerPort: {{ .port }}, protocol: TCP}
      # Two minutes for what a start may have to do: bring the schema up to date, load the numbers.
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 3
        failureThreshold: 3
      # Longer than the 2 s after which the service itself says that a dependency does not answer.
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 4
        failureThreshold: 2
      {{- if and .preStop (gt (int $v.lifecycle.preStopSeconds) 0) }}
      lifecycle:
        preStop:
          sleep: {seconds: {{ $v.lifecycle.preStopSeconds }}}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      {{- if or $sqlite $ca }}
      volumeMounts:
        {{- if $sqlite }}
        - {name: data, mountPath: /data}
        {{- end }}
        {{- if $ca }}
        - {name: redis-ca, mountPath: /etc/orderflow/redis-ca, readOnly: true}
        {{- end }}
      {{- end }}
  {{- if $ca }}
  volumes:
    - name: redis-ca
      secret:
        secretName: {{ $v.externalRedis.ca.existingSecret }}
        items: [{key: {{ $v.externalRedis.ca.key }}, path: ca.crt}]
  {{- end }}
{{- end }}

{{/* The volume of a StatefulSet on SQLite: the component's persistence. */}}
{{- define "orderflow.dataClaim" -}}
- metadata:
    name: data
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .storageClassName }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests: {storage: {{ .size }}}
{{- end }}
