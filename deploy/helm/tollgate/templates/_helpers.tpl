{{- define "tollgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tollgate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "tollgate.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "tollgate.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tollgate.selector" -}}
app.kubernetes.io/name: {{ include "tollgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "tollgate.labels" -}}
{{ include "tollgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tollgate.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tollgate.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "tollgate.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Prints a number in plain digits. Helm reads numbers as floats, and would print 1048576 as 1.048576e+06. */}}
{{- define "tollgate.plain" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ printf "%.0f" . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/*
The variables and the grace period of the end of a pod. After the drain the gateway has three last steps of at most 5 s each
(ending cut calls, settling, writing the ledger), and 5 s are slack.
*/}}
{{- define "tollgate.drainVariables" -}}
DRAIN_DELAY_SECONDS: {{ include "tollgate.plain" .Values.drain.delaySeconds | quote }}
DRAIN_SECONDS: {{ include "tollgate.plain" .Values.drain.seconds | quote }}
{{- end }}

{{- define "tollgate.gracePeriod" -}}
{{- with .Values.drain }}{{ addf .preStopSeconds .delaySeconds .seconds 20 | ceil }}{{ end }}
{{- end }}

{{/* Three probes must fail within the delay. Otherwise a load balancer would send calls after it. */}}
{{- define "tollgate.readinessPeriod" -}}
{{- divf .Values.drain.delaySeconds 3 | floor | max 1 | min 5 }}
{{- end }}

{{/* The paths that an ingress publishes for one host. */}}
{{- define "tollgate.ingressPaths" -}}
paths:
  {{- range .Values.ingress.paths }}
  - path: {{ . | quote }}
    pathType: Prefix
    backend:
      service:
        name: {{ include "tollgate.fullname" $ }}
        port:
          name: http
  {{- end }}
{{- end }}

{{/* The name of the port that serves /metrics. */}}
{{- define "tollgate.metricsPort" -}}
{{- ternary "metrics" "http" (gt (int .Values.metrics.port) 0) }}
{{- end }}

{{- define "tollgate.metricsServicePort" -}}
- name: metrics
  port: {{ .Values.metrics.port }}
  targetPort: metrics
  appProtocol: http
{{- end }}
