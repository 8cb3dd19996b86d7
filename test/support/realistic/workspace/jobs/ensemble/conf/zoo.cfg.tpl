{{- $job := "maand/job/ensemble" -}}
tickTime=2000
initLimit=10
syncLimit=5
dataDir={{.JobPath}}/data
clientPort={{get $job "port_client"}}
clientPortAddress={{.WorkerIP}}
{{- range $at, $host := split (get $job "workers") ","}}
server.{{add $at 1}}={{$host}}:{{get $job "port_peer"}}:{{get $job "port_election"}}
{{- end}}
