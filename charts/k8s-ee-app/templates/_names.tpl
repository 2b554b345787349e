{{- define "app.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "app.selector" -}}
app.kubernetes.io/name: {{ include "app.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Values win, so that who renders may name itself as the manager; what the selector needs stays. */}}
{{- define "app.labels" -}}
{{- $own := dict "app.kubernetes.io/component" "app" "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $selector := include "app.selector" . | fromYaml -}}
{{- toYaml (mustMergeOverwrite $own .Values.labels $selector) -}}
{{- end -}}

{{- define "app.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "app.name" .) -}}
{{- end -}}

{{- define "app.pullPolicy" -}}
{{- .Values.imagePullPolicy | default (contains "@sha256:" .Values.image | ternary "IfNotPresent" "Always") -}}
{{- end -}}
