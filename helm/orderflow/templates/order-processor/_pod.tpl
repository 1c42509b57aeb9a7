{{- define "orderflow.orderProcessor.env" -}}
{{- $processor := .Values.orderProcessor -}}{{- $pipeline := .Values.pipeline -}}
- name: ORDERFLOW_PROCESSOR__CONCURRENCY
  value: {{ $processor.concurrency | quote }}
- name: ORDERFLOW_PROCESSOR__BATCH
  value: {{ $processor.batch | quote }}
- name: ORDERFLOW_PROCESSOR__MAX_ATTEMPTS
  value: {{ $processor.maxAttempts | quote }}
- name: ORDERFLOW_PROCESSOR__RECLAIM_IDLE_MS
  value: {{ int $processor.reclaimIdleMs | quote }}
- name: ORDERFLOW_PIPELINE__MODE
  value: {{ $pipeline.mode }}
- name: ORDERFLOW_PIPELINE__STEP_TIMEOUT_MS
  value: {{ int $pipeline.stepTimeoutMs | quote }}
{{- if eq $pipeline.mode "simulated" }}
- name: ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS
  value: {{ int $pipeline.simulated.latencyMs | quote }}
- name: ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE
  value: {{ $pipeline.simulated.failureRate | quote }}
{{- else }}
{{- range $variable, $url := dict
  "STOCK_URL" $pipeline.http.stockUrl
  "PAYMENT_URL" $pipeline.http.paymentUrl
  "FULFILMENT_URL" $pipeline.http.fulfilmentUrl
  "STOCK_RELEASE_URL" $pipeline.http.stockReleaseUrl
  "PAYMENT_REFUND_URL" $pipeline.http.paymentRefundUrl
  "FULFILMENT_CANCEL_URL" $pipeline.http.fulfilmentCancelUrl }}
{{- if $url }}
- name: ORDERFLOW_PIPELINE__HTTP__{{ $variable }}
  value: {{ $url | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "orderflow.orderProcessor.pod" -}}
{{- include "orderflow.pod" (dict "root" . "component" "order-processor" "port" 8002 "values" .Values.orderProcessor "env" (include "orderflow.orderProcessor.env" .) "preStop" false) }}
{{- end }}

{{/* Names that the services use, too: shared/streams/src/keys.rs. (list . partition "queue") */}}
{{- define "orderflow.key" -}}
{{- printf "%s:{%d}:%s" (index . 0).Values.streams.prefix (int (index . 1)) (index . 2) }}
{{- end }}

{{/* The autoscaler takes the trigger that wants the most, so each partition has its share of what the whole queue may be. */}}
{{- define "orderflow.lagCount" -}}
{{- max 1 (div (int .Values.autoscaling.lagCount) (int .Values.streams.partitions)) }}
{{- end }}

{{- define "orderflow.pendingCountOfAll" -}}
{{- max 1 (default (div (mul 3 (int .Values.orderProcessor.concurrency)) 4) (int .Values.autoscaling.pendingCount)) }}
{{- end }}

{{- define "orderflow.pendingCount" -}}
{{- max 1 (div (int (include "orderflow.pendingCountOfAll" .)) (int .Values.streams.partitions)) }}
{{- end }}
