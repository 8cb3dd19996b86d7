import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { error, type Report } from "../domain/checks/problem.ts";
import type { KvSources } from "../domain/kv/kv-contents.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import type { Written, WrittenJob } from "../domain/workspace/catalog.ts";
import { DISABLED_FILE } from "../domain/workspace/disabled.ts";
import type { SeenFile } from "../domain/workspace/job.ts";
import { isName, nameRule } from "../domain/workspace/names.ts";
import { WORKERS_FILE } from "../domain/workspace/workers.ts";
import { readBucketConf, readOverrides } from "./bucket-conf.ts";
import { type ReadFile, readJobFiles } from "./job-files.ts";
import { parseJson } from "./json.ts";
import { readJobVars } from "./vars-toml.ts";

/** A workspace as it is on disk: what was written, and the files of its jobs with the contents that were read anew. */
export interface ReadWorkspace {
  readonly written: Written;
  readonly files: ReadonlyMap<string, readonly SeenFile[]>;
  /** Variables of the bucket and its jobs. */
  readonly variables: Pick<KvSources, "bucketVars" | "overrides" | "jobVars">;
  /** Contents by hash, of files that had changed; the rest is in the store. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** Reads a workspace. Files whose size and time are as they were are not read again. Everything wrong is reported. */
export function readWorkspace(
  directory: string,
  before: ReadonlyMap<string, ReadonlyMap<string, SeenFile>>,
  selector: string,
  report: Report,
): ReadWorkspace {
  const contents = new Map<string, Uint8Array>();
  const files = new Map<string, readonly SeenFile[]>();
  const jobs: WrittenJob[] = [];
  for (const name of jobNames(directory, report)) {
    const read = readJobFiles(join(directory, "jobs", name), name, before.get(name) ?? new Map(), report);
    for (const { hash, content } of read) if (content) contents.set(hash, content);
    const listed = read.map(({ content: _, ...file }) => file);
    files.set(name, listed);
    jobs.push({
      name,
      manifest: readManifest(directory, name, read, report),
      files: listed.map(({ mtimeMs: _, ...file }) => file),
    });
  }
  const conf = readBucketConf(directory, report);
  const names = jobs.map((job) => job.name);
  const { overrides, tables } = readOverrides(directory, selector, names, report);
  const written: Written = {
    workers: readWorkers(directory, report),
    disabled: readOptionalJson(join(directory, "disabled.json"), DISABLED_FILE, "invalid_disabled", report),
    jobs,
    portRange: conf.portRange,
    overrides,
  };
  const jobVars = new Map(names.map((name) => [name, readJobVars(directory, name, report)]));
  return { written, files, contents, variables: { bucketVars: conf.variables, overrides: tables, jobVars } };
}

function jobNames(directory: string, report: Report): string[] {
  const place = join(directory, "jobs");
  if (!existsSync(place)) {
    report(error("missing_jobs", "workspace/jobs", "the directory is missing", "make it; an empty one means no jobs"));
    return [];
  }
  const names = readdirSync(place, { withFileTypes: true })
    .filter(
      (entry) =>
        !entry.name.startsWith(".") &&
        (entry.isDirectory() ||
          (entry.isSymbolicLink() && statSync(join(place, entry.name), { throwIfNoEntry: false })?.isDirectory())),
    )
    .map((entry) => entry.name)
    .sort();
  return names.filter((name) => {
    if (isName("job", name)) return true;
    report(error("invalid_name", `workspace/jobs/${name}`, `"${name}" is not a job name`, `use ${nameRule("job")}`));
    return false;
  });
}

function readManifest(directory: string, job: string, files: readonly ReadFile[], report: Report): unknown {
  if (!files.some((file) => file.path === "manifest.json")) {
    report(
      error(
        "missing_manifest",
        manifestFile(job),
        "the file is missing",
        `write it, or delete workspace/jobs/${job} to remove the job`,
      ),
    );
    return undefined;
  }
  const text = readFileSync(join(directory, "jobs", job, "manifest.json"), "utf8");
  return parseJson(text, manifestFile(job), "invalid_manifest", report);
}

function readWorkers(directory: string, report: Report): unknown {
  const file = join(directory, "workers.json");
  if (existsSync(file)) return parseJson(readFileSync(file, "utf8"), WORKERS_FILE, "invalid_workers", report);
  report(error("missing_workers", WORKERS_FILE, "the file is missing", "write it; [] means no workers"));
  return undefined;
}

function readOptionalJson(file: string, name: string, code: string, report: Report): unknown {
  return existsSync(file) ? parseJson(readFileSync(file, "utf8"), name, code, report) : undefined;
}
