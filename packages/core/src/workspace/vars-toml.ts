import { join } from "node:path";
import type { Report } from "../domain/checks/problem.ts";
import type { KvEntries } from "../domain/kv/entries.ts";
import { readToml, textsOf } from "./toml.ts";

/** Reads the `vars.toml` of a job: the entries of the KV namespace `vars/job/<job>`. */
export function readJobVars(directory: string, job: string, report: Report): KvEntries {
  const place = { file: `workspace/jobs/${job}/vars.toml`, code: "invalid_vars" };
  return textsOf(readToml(join(directory, "jobs", job, "vars.toml"), place, report), place, report);
}
