{{$port := get "maand/job/postgres" "port_postgres" -}}
{{range split (get "maand/job/postgres" "workers") "," -}}
{{.}}:{{$port}}:replication:replication:{{getSecret "replication_password"}}
{{end -}}
