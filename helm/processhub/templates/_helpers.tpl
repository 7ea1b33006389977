{{- define "processhub.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of all objects: the release's, with the chart's where it is not in it. */}}
{{- define "processhub.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "processhub.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "processhub.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "processhub.selectorLabels" -}}
app.kubernetes.io/name: {{ include "processhub.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "processhub.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "processhub.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "processhub.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "processhub.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Cluster-wide objects of two releases in different namespaces must not meet. */}}
{{- define "processhub.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "processhub.fullname" .) -}}
{{- end -}}

{{/* Who the rights are given to. */}}
{{- define "processhub.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "processhub.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}
