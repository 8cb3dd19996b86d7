[
{{- define "target"}}
  { "targets": ["{{index . 0}}:{{index . 1}}"], "labels": { "worker": "{{index . 0}}" } }
{{- end}}
{{- $port := get "maand/bucket" "agent"}}
{{- range $at, $host := split (get "maand/worker" "worker_workers") ","}}{{if $at}},{{end}}
{{- template "target" (split (printf "%s,%s" $host $port) ",")}}
{{- end}}
]
