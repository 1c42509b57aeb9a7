{{/* What the schema can't say: values that contradict each other. Included by the first template that is rendered. */}}

{{- define "orderflow.checks" -}}
{{- $v := .Values -}}
{{- if and (eq $v.database.type "sqlite") (gt (int $v.orderApi.replicas) 1) }}
{{- fail "orderApi.replicas above 1 needs database.type postgresql: an SQLite file belongs to one process" }}
{{- end }}
{{- if and (eq $v.database.type "sqlite") (gt (int $v.metricsService.replicas) 1) }}
{{- fail "metricsService.replicas above 1 needs database.type postgresql: an SQLite file belongs to one process" }}
{{- end }}
{{- if and (eq $v.database.type "postgresql") (not $v.database.postgresql.existingSecret) }}
{{- fail "database.postgresql.existingSecret is missing: a Secret with the URL postgres://user:password@host/database" }}
{{- end }}
{{- if and $v.redis.enabled $v.externalRedis.existingSecret }}
{{- fail "redis.enabled and externalRedis.existingSecret are both set: choose one Redis" }}
{{- end }}
{{- if not $v.redis.enabled }}
{{- if not $v.externalRedis.existingSecret }}
{{- fail "externalRedis.existingSecret is missing: with redis.enabled false a Secret has to name the Redis there is" }}
{{- end }}
{{- if and (eq $v.autoscaling.mode "keda") (not $v.externalRedis.addresses) }}
{{- fail "externalRedis.addresses is missing: the scaler needs host:port" }}
{{- end }}
{{- end }}
{{- if and (eq $v.autoscaling.mode "hpa") (lt (int $v.autoscaling.minReplicas) 1) }}
{{- fail "autoscaling.minReplicas 0 needs autoscaling.mode keda" }}
{{- end }}
{{- if and (ne $v.autoscaling.mode "none") (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" }}
{{- end }}
{{- if lt (int $v.orderProcessor.concurrency) (int $v.streams.partitions) }}
{{- fail "orderProcessor.concurrency must not be below streams.partitions: each partition needs a slot" }}
{{- end }}
{{- if eq $v.pipeline.mode "http" }}
{{- if or (not $v.pipeline.http.stockUrl) (not $v.pipeline.http.paymentUrl) }}
{{- fail "pipeline.mode http needs pipeline.http.stockUrl and pipeline.http.paymentUrl" }}
{{- end }}
{{- if le (int $v.orderProcessor.reclaimIdleMs) (int $v.pipeline.stepTimeoutMs) }}
{{- fail "orderProcessor.reclaimIdleMs must be above pipeline.stepTimeoutMs: a step that is slow is not dead" }}
{{- end }}
{{- end }}
{{- end }}
