#!/bin/sh
set -eu
echo "${1:-none} for {{get "vars/bucket" "domain"}} on {{.WorkerIP}}, keeping {{get "vars/job/cron" "keep"}} days, {{lower "LOUD"}}"
