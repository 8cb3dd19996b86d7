{{define "line"}}hostssl {{index . 0}} {{index . 1}} {{index . 2}}/32 scram-sha-256
{{end -}}
local all all peer
host all all 127.0.0.1/32 scram-sha-256
{{range split (get "maand/job/postgres" "workers") ","}}{{template "line" (split (printf "replication,replication,%s" .) ",")}}{{end -}}
{{range split (get "maand/worker" "web_workers") ","}}{{template "line" (split (printf "shop,shop,%s" .) ",")}}{{end -}}
