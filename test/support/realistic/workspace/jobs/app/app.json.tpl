{{- $postgres := "maand/job/postgres" -}}
{{- $redis := "maand/job/redis" -}}
{
  "listen": "{{.WorkerIP}}:{{get "maand/bucket" "app"}}",
  "admin": "127.0.0.1:{{get "maand/job/app" "port_app_admin"}}",
  "version": "{{.NewVersion}}",
  "workers": {{get "vars/job/app" "workers"}},
  "log_level": {{printf "%q" (upper (get "vars/job/app" "log_level"))}},
  "database": "postgres://shop@{{join (split (get $postgres "workers") ",") ","}}:{{get $postgres "port_postgres"}}/shop",
  "cache": "{{get $redis "worker_0"}}:{{get $redis "port_redis"}}",
  "sentry": {{printf "%q" (getOptional "vars/job/app" "sentry_dsn")}},
  "features": {
  {{- $first := true -}}
  {{- range keys "vars/job/app" -}}
    {{- if eq (slice (printf "%-8s" .) 0 8) "feature_" -}}
      {{- if not $first}},{{end}}
    {{printf "%q" (slice . 8)}}: {{eq (get "vars/job/app" .) "on"}}
      {{- $first = false -}}
    {{- end -}}
  {{- end}}
  }
}
