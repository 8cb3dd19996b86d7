LISTEN={{.WorkerIP}}:{{get "maand/job/metrics" "port_metrics"}}
RETENTION={{get "vars/bucket" "retention_days"}}d
DELIVERY={{.UpdateSeq}}
FROM={{.CurrentVersion}}
TO={{.NewVersion}}
