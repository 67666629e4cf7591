{{- /* The layout of docs/api.md. */ -}}

{{- define "gvList" -}}
# API reference

Generated from the Go types by `make generate`; do not edit.
{{- range . }}
{{ template "group" . }}
{{- end }}
{{ end -}}

{{- define "group" }}
## {{ .GroupVersionString }}

{{ trim .Doc }}

Kinds:
{{- range .SortedKinds }}
- {{ $.TypeForKind . | markdownRenderTypeLink }}
{{- end }}
{{- range .SortedTypes }}{{ if .GVK }}{{ template "type" . }}{{ end }}{{ end }}
{{- range .SortedTypes }}{{ if not .GVK }}{{ template "type" . }}{{ end }}{{ end }}
{{- end -}}

{{- define "type" }}
{{- if markdownShouldRenderType . }}

### {{ .Name }}

{{ trim .Doc }}
{{- if .IsAlias }}

Type: {{ markdownRenderTypeLink .UnderlyingType }}
{{- template "limits" .Validation }}
{{- end }}
{{- with .References }}

Used by: {{ range $i, $r := $.SortedReferences }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $r }}{{ end }}
{{- end }}
{{- with index .Markers "kubebuilder:validation:XValidation" }}

Rules:
{{- range . }}
- {{ .Message }}
{{- end }}
{{- end }}
{{- with .EnumValues }}

| Value | Meaning |
| --- | --- |
{{- range . }}
| `{{ .Name }}` | {{ template "cell" .Doc }} |
{{- end }}
{{- else }}
{{- if .Members }}

| Field | Description |
| --- | --- |
{{- with .GVK }}
| `apiVersion` | `{{ .Group }}/{{ .Version }}` |
| `kind` | `{{ .Kind }}` |
{{- end }}
{{- range .Members }}
| `{{ .Name }}`<br>{{ markdownRenderType .Type }}
{{- if has "Required: {}" .Validation }}, required{{ end }} | {{ template "description" . }} |
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "description" }}
{{- if eq .Name "metadata" }}Kubernetes' own metadata.
{{- else }}{{ template "cell" .Doc }}{{ end }}
{{- with .Default }}<br>Default: `{{ . }}`{{ end }}
{{- template "limits" .Validation }}
{{- range index .Markers "kubebuilder:validation:XValidation" }}<br>Rule: {{ template "cell" .Message }}{{ end }}
{{- end -}}

{{- /* Text in one table cell: only the end of a paragraph ends a line. */ -}}
{{- define "cell" }}
{{- trim . | replace "<" "&lt;" | markdownRenderFieldDoc | replace "<br /><br />" "<br>" | replace "<br />" " " }}
{{- end -}}

{{- define "limits" }}
{{- range without . "Required: {}" "Optional: {}" "Schemaless: {}" }}<br>{{ . | replace "|" "\\|" }}{{ end }}
{{- end -}}
