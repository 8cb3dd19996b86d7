{{add 1 (int (get (printf "maand/job/ensemble/worker/%s" .WorkerIP) "ensemble_allocation_index"))}}
