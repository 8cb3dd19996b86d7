{{- /* Sizes follow from what is reserved for the job, as the manual of PostgreSQL advises. */ -}}
{{- $job := "maand/job/postgres" -}}
{{- $port := get $job "port_postgres" -}}
{{- $memory := int (get $job "memory") -}}
{{- $index := int (get (printf "maand/job/postgres/worker/%s" .WorkerIP) "postgres_allocation_index") -}}
{{- $primary := get $job "worker_0" -}}
# {{.Job}} {{.NewVersion}} on {{.WorkerIP}} ({{get (printf "maand/worker/%s" .WorkerIP) "hostname"}})
data_directory = '{{.JobPath}}/data/main'
hba_file = '{{.JobPath}}/pg_hba.conf'
ident_file = '{{.JobPath}}/pg_ident.conf'
listen_addresses = '{{.WorkerIP}},localhost'
port = {{$port}}
cluster_name = 'shop_{{$index}}'

shared_buffers = {{div $memory 4}}MB
effective_cache_size = {{div (mul $memory 3) 4}}MB
maintenance_work_mem = {{min 2048 (div $memory 16)}}MB
work_mem = {{max 4 (div $memory 256)}}MB
log_min_duration_statement = {{get "vars/bucket/job/postgres" "log_min_duration_ms"}}

ssl = on
ssl_ca_file = '{{.JobPath}}/certs/ca.crt'
ssl_cert_file = '{{.JobPath}}/certs/server.crt'
ssl_key_file = '{{.JobPath}}/certs/server.key'

wal_level = replica
max_wal_senders = {{mul 2 (int (get $job "workers_length"))}}
{{- if $index}}
primary_conninfo = 'host={{$primary}} port={{$port}} user=replication passfile={{.JobPath}}/pgpass application_name=shop_{{$index}}'
primary_slot_name = 'slot_{{$index}}'
hot_standby = on
{{- else}}
synchronous_standby_names = 'ANY 1 (
  {{- range $at, $host := split (get $job "workers") "," -}}
    {{- if ge $at 1}}{{if ge $at 2}}, {{end}}shop_{{$at}}{{end -}}
  {{- end -}}
)'
{{- end}}
