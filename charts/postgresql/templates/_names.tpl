{{- define "postgresql.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "postgresql.secret" -}}
{{- .Values.auth.existingSecret | default (include "postgresql.name" .) -}}
{{- end -}}

{{- define "postgresql.selector" -}}
app.kubernetes.io/name: {{ include "postgresql.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Values win, so that who renders may name itself as the manager; what the selector needs stays. */}}
{{- define "postgresql.labels" -}}
{{- $own := dict "app.kubernetes.io/component" "database" "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $selector := include "postgresql.selector" . | fromYaml -}}
{{- toYaml (mustMergeOverwrite $own .Values.labels $selector) -}}
{{- end -}}
