{{- $own := printf "maand/worker/%s" .WorkerIP -}}
{
  "listen": "{{.WorkerIP}}:{{get "maand/bucket" "agent"}}",
  "worker": "{{.WorkerData.WorkerID}}",
  "bucket": "{{.BucketID}}",
  "allocation": "{{.AllocationID}}",
  "hostname": "{{get $own "hostname"}}",
  "zone": "{{get (printf "%s/tags" $own) "zone"}}",
  "memory_mb": {{int (get $own "worker_memory_mb")}},
  "labels": [{{range $at, $label := .Labels}}{{if $at}}, {{end}}"{{$label}}"{{end}}],
  "jobs": "{{get $own "jobs"}}",
  "root": "{{.BucketPath}}"
}
