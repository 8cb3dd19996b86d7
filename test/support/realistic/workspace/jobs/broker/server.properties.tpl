{{- $index := int (get (printf "maand/job/broker/worker/%s" .WorkerIP) "broker_allocation_index") -}}
{{- $client := get "maand/job/ensemble" "port_client" -}}
broker.id={{add 100 $index}}
broker.rack={{get (printf "maand/worker/%s/tags" .WorkerIP) "zone"}}
listeners=PLAINTEXT://{{.WorkerIP}}:{{get "maand/job/broker" "port_broker"}}
log.dirs={{.JobPath}}/data
log.retention.ms={{mul 86400000 (int (get "vars/bucket" "retention_days"))}}
log.segment.bytes={{mul 1024 (mul 1024 (div (int (get "maand/job/broker" "memory")) 2))}}
default.replication.factor={{min 3 (int (get "maand/job/broker" "workers_length"))}}
zookeeper.connect={{range $at, $host := split (get "maand/job/ensemble" "workers") ","}}{{if $at}},{{end}}{{$host}}:{{$client}}{{end}}/{{get "vars/job/controller" "cluster"}}
controller={{get "maand/job/controller" "worker_0"}}:{{get "maand/job/controller" "port_controller"}}
controller.token={{get "secrets/job/controller" "token"}}
