<!doctype html>
<title>{{html (getOptional "vars/job/web" "title")}} {{.Job}} on {{.WorkerIP}}</title>
