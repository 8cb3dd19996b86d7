/**
 * The Makefile of a new job, which can be deployed without changes. Examples are commented out with "#" alone and prose
 * with "# ", so that removing the "#" activates an example.
 */
export const MAKEFILE = `# maand runs these targets on the worker, in this directory. In the environment: JOB, NEW_VERSION, CURRENT_VERSION,
# WORKER_IP, ALLOCATION_ID, ALLOCATION_INDEX, BUCKET_ID. Write job data to data/ and logs/, which are kept.

# first deploy to a worker, and after maintenance
start:
	@echo "start $(JOB) $(NEW_VERSION)"

# before maintenance or removal; must also succeed when nothing runs
stop:
	@echo "stop $(JOB)"

# upgrade: restart_policy always, or a changed file matches restart_globs
restart: stop start

# upgrade: restart_policy reload
reload: restart

# maand job status
status:
	@echo "$(JOB) $(CURRENT_VERSION) on $(WORKER_IP)"

.PHONY: start stop restart reload status

# Instead of the targets above, with docker compose and a compose.yaml next to this file:
#
#start restart:
#	docker compose up --detach --force-recreate --remove-orphans
#stop:
#	docker compose down
#reload:
#	docker compose kill --signal HUP
#status:
#	docker compose ps

# Or with systemd and a unit file $(JOB).service next to this file:
#
#start restart:
#	cp $(JOB).service /etc/systemd/system/
#	systemctl daemon-reload
#	systemctl enable $(JOB).service
#	systemctl restart $(JOB).service
#stop:
#	systemctl disable --now $(JOB).service
#reload:
#	systemctl reload $(JOB).service
#status:
#	systemctl status --no-pager $(JOB).service
`;
