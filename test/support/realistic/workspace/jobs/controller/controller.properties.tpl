cluster={{get "vars/job/controller" "cluster"}}
listen={{.WorkerIP}}:{{get "maand/job/controller" "port_controller"}}
