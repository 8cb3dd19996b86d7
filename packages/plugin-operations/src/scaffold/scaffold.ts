import { existsSync } from "node:fs";
import { join } from "node:path";
import { error, type Problem } from "@maand/core";
import { createFile, isName, makeDirectories, nameRule, problemsError } from "@maand/core/internal";
import { MANIFEST_SCHEMA_LINK } from "@maand/core/operator";
import { MAKEFILE } from "./makefile.ts";

/**
 * Creates the directory of a new job with a manifest and a Makefile, and returns its path. Without selectors, the
 * manifest names the default, which is the job's name. Refuses an invalid or existing name.
 */
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
    problems.push(error("job_exists", `workspace/jobs/${name}`, "already exists", "choose another name"));
  if (problems.length > 0) throw problemsError(problems);
  makeDirectories(directory);
  const manifest = {
    $schema: MANIFEST_SCHEMA_LINK,
    version: "1.0.0",
    selectors: selectors.length > 0 ? selectors : [name],
    restart_policy: "always",
    max_concurrent_upgrades: 1,
  };
  createFile(join(directory, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  createFile(join(directory, "Makefile"), MAKEFILE);
  return directory;
}
