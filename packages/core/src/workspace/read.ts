import { existsSync, readdirSync, statSync } from "node:fs";
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
import { ChangedContents } from "./changed-contents.ts";
import { IGNORE_FILE, type Ignores, ignoresOf } from "./ignored.ts";
import { readJobFiles } from "./job-files.ts";
import { parseJson } from "./json.ts";
import { readText, type TextPlace } from "./read-text.ts";
import { readJobVars } from "./vars-toml.ts";
import { MISSING_WORKERS } from "./workers-file.ts";

/** A workspace as read from disk: its user-written files, and the files of its jobs. */
export interface ReadWorkspace {
  readonly written: Written;
  readonly files: ReadonlyMap<string, readonly SeenFile[]>;
  /** Variables of the bucket and its jobs. */
  readonly variables: Pick<KvSources, "bucketVars" | "overrides" | "jobVars">;
  /** Texts of the valid JSON files, by their name in problems. */
  readonly texts: ReadonlyMap<string, string>;
  /** Contents of new or changed files; the others are in the store. */
  readonly contents: ChangedContents;
}

/** Options for reading a workspace. */
export interface ReadOptions {
  /** Files of the jobs as last read. Files with unchanged size and time are not read again. */
  readonly before: ReadonlyMap<string, ReadonlyMap<string, SeenFile>>;
  /** Selector of the override file; "" for the default file. */
  readonly selector: string;
  /** Maximum size of a job file in bytes. */
  readonly maxBytes: number;
  /** The text to read instead of `workers.json`. */
  readonly workersText?: string | undefined;
}

/** Reads a workspace and reports all problems. */
export function readWorkspace(directory: string, options: ReadOptions, report: Report): ReadWorkspace {
  const contents = new ChangedContents();
  const files = new Map<string, readonly SeenFile[]>();
  const jobs: WrittenJob[] = [];
  const ignores = ignoresOf(directory, report);
  const texts = new Map<string, string>();
  for (const name of jobNames(directory, ignores, report)) {
    const listed = jobFiles(directory, name, { ...options, ignores, contents }, report);
    files.set(name, listed);
    jobs.push({
      name,
      manifest: readManifest(directory, name, texts, report),
      files: listed.map(({ path, hash, executable, size }) => ({ path, hash, executable, size })),
    });
  }
  const conf = readBucketConf(directory, report);
  const names = jobs.map((job) => job.name);
  const { overrides, tables } = readOverrides(directory, options.selector, names, report);
  const written: Written = {
    workers: readWorkers(directory, options.workersText, texts, report),
    disabled: readJson(
      join(directory, "disabled.json"),
      { file: DISABLED_FILE, code: "invalid_disabled" },
      texts,
      report,
    ),
    jobs,
    portRange: conf.portRange,
    overrides,
  };
  const jobVars = new Map(names.map((name) => [name, readJobVars(directory, name, report)]));
  return { written, files, texts, contents, variables: { bucketVars: conf.variables, overrides: tables, jobVars } };
}

type JobOptions = ReadOptions & { readonly ignores: Ignores; readonly contents: ChangedContents };

function jobFiles(directory: string, job: string, options: JobOptions, report: Report): SeenFile[] {
  const { before, maxBytes, ignores, contents } = options;
  const read = readJobFiles({
    job,
    directory: join(directory, "jobs", job),
    before: before.get(job) ?? new Map(),
    isIgnored: ignores.within(job),
    maxBytes,
    report,
  });
  return read.map((one) => {
    if (one.changedAt === undefined) return one;
    const { changedAt, ...file } = one;
    contents.add(file.hash, changedAt, `workspace/jobs/${job}/${file.path}`);
    return file;
  });
}

function jobNames(directory: string, ignores: Ignores, report: Report): string[] {
  const place = join(directory, "jobs");
  if (!existsSync(place)) {
    report(
      error(
        "missing_jobs",
        "workspace/jobs",
        "the directory is missing",
        "create it; an empty directory means no jobs",
      ),
    );
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
  return names.filter((name) => isJob(name, ignores, report));
}

/**
 * Whether a directory is a job. A directory with an invalid job name may be ignored. An existing job may not be
 * ignored, because the next deploy would stop it.
 */
function isJob(name: string, ignores: Ignores, report: Report): boolean {
  const where = `workspace/jobs/${name}`;
  const ignored = ignores.job(name);
  if (!isName("job", name)) {
    if (!ignored) report(error("invalid_name", where, `"${name}" is not a job name`, `use ${nameRule("job")}`));
    return false;
  }
  if (ignored)
    report(
      error(
        "ignored_job",
        where,
        `workspace/${IGNORE_FILE} ignores the whole job`,
        "write a narrower pattern; to remove the job, delete its directory; to stop it, list it in workspace/disabled.json",
      ),
    );
  return !ignored;
}

function readManifest(directory: string, job: string, texts: Map<string, string>, report: Report): unknown {
  const file = manifestFile(job);
  const hint = `create it, or delete workspace/jobs/${job} to remove the job`;
  const missing = error("missing_manifest", file, "the file is missing", hint);
  const place = { file, code: "invalid_manifest", missing };
  return readJson(join(directory, "jobs", job, "manifest.json"), place, texts, report);
}

function readWorkers(
  directory: string,
  given: string | undefined,
  texts: Map<string, string>,
  report: Report,
): unknown {
  const place = { file: WORKERS_FILE, code: "invalid_workers", missing: MISSING_WORKERS };
  if (given === undefined) return readJson(join(directory, "workers.json"), place, texts, report);
  return parsed(given, place, texts, report);
}

function readJson(path: string, place: TextPlace, texts: Map<string, string>, report: Report): unknown {
  const text = readText(path, place, report);
  return text === undefined ? undefined : parsed(text, place, texts, report);
}

function parsed(text: string, { file, code }: TextPlace, texts: Map<string, string>, report: Report): unknown {
  const value = parseJson(text, file, code, report);
  if (value !== undefined) texts.set(file, text);
  return value;
}
