import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isName, nameRule } from "../domain/names.ts";
import { error, type Problem } from "../domain/problem.ts";
import { problemsError } from "../errors.ts";

const MAKEFILE = `# maand calls these targets on the worker, in this directory, with CURRENT_VERSION, NEW_VERSION, JOB, WORKER_IP,
# ALLOCATION_ID, ALLOCATION_INDEX and BUCKET_ID in the environment. What the job writes belongs into data/ and logs/.

# first deploy here, and after maintenance
start:
	@echo "start $(JOB) $(NEW_VERSION)"

# before maintenance or removal; must also succeed when nothing runs
stop:
	@echo "stop $(JOB)"

# upgrade with restart_policy always, or when a changed file matches restart_globs
restart: stop start

# upgrade with restart_policy reload
reload: restart

# maand job status
status:
	@echo "$(JOB) $(CURRENT_VERSION) on $(WORKER_IP)"

.PHONY: start stop restart reload status
`;

/** Writes a new job's directory with a manifest and a Makefile; answers its path. Refuses a bad name or one that is taken. */
export function createJob(workspace: string, name: string, selectors: readonly string[]): string {
  const directory = join(workspace, "jobs", name);
  const problems: Problem[] = [];
  if (!isName("job", name))
    problems.push(error("invalid_name", "job", `"${name}" is not a job name`, `use ${nameRule("job")}`));
  for (const label of selectors) {
    if (!isName("label", label))
      problems.push(error("invalid_name", "--selectors", `"${label}" is not a label`, `use ${nameRule("label")}`));
  }
  if (problems.length === 0 && existsSync(directory))
    problems.push(error("job_exists", `workspace/jobs/${name}`, "is already there", "choose another name"));
  if (problems.length > 0) throw problemsError(problems);
  mkdirSync(directory, { recursive: true });
  const manifest = { version: "1.0.0", selectors, restart_policy: "always", max_concurrent_upgrades: 1 };
  writeFileSync(join(directory, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`, { flag: "wx" });
  writeFileSync(join(directory, "Makefile"), MAKEFILE, { flag: "wx" });
  return directory;
}
