SHELL=/bin/sh
{{- range keys "vars/job/cron"}}
{{- if eq (slice (printf "%-3s" .) 0 3) "at_"}}
{{get "vars/job/cron" .}} root {{$.JobPath}}/run.sh {{slice . 3}}
{{- end}}
{{- end}}
