{{- $job := "maand/job/redis" -}}
{{- $own := printf "maand/job/redis/worker/%s" .WorkerIP -}}
bind {{.WorkerIP}}
port {{get $job "port_redis"}}
dir {{.JobPath}}/data
requirepass {{getSecret "password"}}
masterauth {{getSecret "password"}}
replica-announce-ip {{.WorkerIP}}
maxmemory {{div (mul (int (get $job "memory")) 3) 4}}mb
maxmemory-policy allkeys-lru
save ""
appendonly no
{{- if ne (get $own "redis_allocation_index") "0"}}
replicaof {{get $job "worker_0"}} {{get $job "port_redis"}}
replica-priority {{mul 10 (int (get $own "redis_allocation_index"))}}
{{- end}}
