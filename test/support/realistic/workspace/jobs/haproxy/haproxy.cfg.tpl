global
  maxconn {{min 20000 (mul 4 (int (get (printf "maand/worker/%s" .WorkerIP) "worker_memory_mb")))}}

defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m

frontend edge
  bind {{.WorkerIP}}:{{get "maand/bucket" "edge"}}
  default_backend web

backend web
  balance roundrobin
  option tcp-check
{{- range $at, $host := split (get "maand/worker" "web_workers") ","}}
  server web_{{printf "%02d" (add $at 1)}} {{$host}}:{{get "maand/bucket" "https"}} check weight {{if eq $host $.WorkerIP}}1{{else}}10{{end}}
{{- end}}

frontend stats
  mode http
  bind 127.0.0.1:{{get "maand/bucket" "edge_stats"}}
  stats enable
  stats uri /
