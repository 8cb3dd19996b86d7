import { type Bucket, type RunReporter, runReporter } from "../bucket/bucket.ts";
import { asMaandError, stopIfInterrupted } from "../bucket/outcome.ts";
import { builtWorkspace } from "../bucket/unbuilt.ts";
import { error, type Problem, type Report, refuses, warning } from "../domain/checks/problem.ts";
import { locate } from "../domain/checks/validate.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import { assemble, type Before, type Catalog } from "../domain/workspace/catalog.ts";
import type { Job } from "../domain/workspace/job.ts";
import { MaandError, problemsError } from "../errors.ts";
import { type AbsentPlugin, absentKeys, addPlugin } from "../plugin-api/absent-plugins.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { openCommandRun } from "../run/command-run.ts";
import { knownOf, lockBucket } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { type ReadWorkspace, readWorkspace } from "../workspace/read.ts";
import { storeKv } from "./build-kv.ts";
import { type Contributions, contributions } from "./contribute.ts";
import { withLines } from "./problem-lines.ts";

/** The result of a build. */
export interface Built {
  readonly catalog: Catalog;
  /** Warnings only; errors are thrown. */
  readonly problems: readonly Problem[];
}

/** The options of a build. */
export interface BuildOptions {
  /** Treat warnings as errors. */
  readonly strict?: boolean;
  /** Delete variables and secrets of removed jobs now, instead of in the next deploy. */
  readonly purgeJobKv?: boolean;
}

/**
 * Reads the workspace and stores its catalog. All problems are collected and thrown together before anything is written; the
 * previous catalog then stays in force.
 */
export async function build(bucket: Bucket, options: BuildOptions = {}): Promise<Built> {
  const lock = lockBucket(bucket, "build");
  try {
    const reporter = runReporter(bucket, "build");
    const built = await buildCatalog(bucket, reporter, options);
    await runBuilt(bucket, reporter, built.catalog);
    return built;
  } finally {
    lock.release();
  }
}

/** The problems a build would find, including warnings; writes nothing (for `maand doctor`). */
export async function workspaceProblems(bucket: Bucket): Promise<readonly Problem[]> {
  return (await understand(bucket)).problems;
}

/** The workspace, read and checked: its catalog and all problems. */
async function understand(bucket: Bucket) {
  const { store, paths, settings } = bucket;
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const stored = store.catalog.read();
  const read = readWorkspace(paths.workspace, { before: store.catalog.seenFiles(), ...readSettings(bucket) }, report);
  const claims = new Map(bucket.plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {})));
  const absent = absentKeys(bucket.absent, (plugin) => plugin.claims);
  const owners = { claimed: [...claims.keys()], absent };
  const assembled = assemble(read.written, beforeOf(stored), { newId: bucket.newId, owners });
  problems.push(...assembled.problems);
  const { catalog } = assembled;
  const jobs = [...catalog.jobs, ...assembled.unfinished];
  await checkClaims(jobs, claims, absent.get("commands"), report);
  if (!isTapped(bucket.hooks.templateFunctions)) warnUnrendered(catalog, bucket.absent, report);
  const bytes = ({ hash }: { readonly hash: string }) => read.contents.read(hash) ?? store.contents.read(hash);
  const output = { settings, bucket: { root: paths.root }, now: bucket.now };
  const runBy = (job: Job) => runnerOf(job, bucket.plugins);
  const validation = Object.freeze({ ...output, ...catalog, jobs, read: bytes, runBy, report });
  await bucket.hooks.validate.promise(validation);
  return { stored, read, catalog, problems: withLines(problems, read.texts) };
}

function readSettings({ settings }: Bucket) {
  return { selector: settings.jobConfigSelector, maxBytes: settings.maxFileBytes };
}

async function buildCatalog(bucket: Bucket, reporter: RunReporter, options: BuildOptions): Promise<Built> {
  const { stored, read, catalog, problems } = await understand(bucket);
  const found = options.strict ? problems.map((problem) => ({ ...problem, level: "error" as const })) : problems;
  if (refuses(found)) throw problemsError(found, "the workspace was refused");
  const source = { bucket, reporter, ...knownOf({ ...catalog, removedWorkers: [], removedJobs: [] }) };
  save(bucket, stored, catalog, read, await contributions(source, catalog.jobs), options);
  return { catalog, problems: found };
}

function beforeOf(stored: StoredCatalog): Before {
  return {
    workerIds: new Map([...stored.removedWorkers, ...stored.workers].map((worker) => [worker.host, worker.workerId])),
    ports: Object.fromEntries(stored.jobs.map((job) => [job.name, job.ports])),
    allocations: stored.allocations,
  };
}

function runnerOf({ manifest }: Job, plugins: readonly Plugin[]): string | undefined {
  const runs = ({ claims = {} }: Plugin) =>
    Object.entries(claims).some(([key, { lifecycle }]) => lifecycle === true && key in manifest);
  return plugins.find(runs)?.name;
}

type Claims = ReadonlyMap<string, NonNullable<Plugin["claims"]>[string]>;

/** Checks manifest keys with the schemas of the plugins that claim them; warns if no plugin would run `commands`. */
async function checkClaims(
  jobs: readonly Job[],
  claims: Claims,
  runsCommands: string | undefined,
  report: Report,
): Promise<void> {
  for (const job of jobs) {
    if (job.commands.length > 0 && !claims.has("commands")) {
      const names = job.commands.map((command) => command.name).join(", ");
      report(
        warning(
          "nobody_runs",
          `${manifestFile(job.name)}: commands`,
          `no loaded plugin runs job commands, so ${names} will not run`,
          runsCommands,
        ),
      );
    }
    for (const [key, claim] of claims) {
      if (!(key in job.manifest)) continue;
      const checked = await claim.schema["~standard"].validate(job.manifest[key]);
      for (const issue of checked.issues ?? [])
        report(error("invalid_manifest", locate(manifestFile(job.name), `${key}${pathOf(issue.path)}`), issue.message));
    }
  }
}

/** The ending of template sources. */
const TEMPLATE = ".tpl";

/** Warns about templates that no loaded plugin renders, because template sources are never copied to workers. */
function warnUnrendered({ jobs }: Catalog, absent: readonly AbsentPlugin[], report: Report): void {
  const renders = absent.find(({ plugin }) => plugin.provides?.renders?.includes(TEMPLATE));
  for (const { name, files } of jobs) {
    const unrendered = files.map(({ path }) => path).filter((path) => path.endsWith(TEMPLATE));
    if (unrendered.length === 0) continue;
    const message = `no loaded plugin renders templates, so ${unrendered.join(", ")} will give no file`;
    report(warning("nobody_renders", `workspace/jobs/${name}`, message, renders && addPlugin(renders.name)));
  }
}

function pathOf(path: readonly unknown[] | undefined): string {
  return (path ?? [])
    .map((part) => (typeof part === "object" && part !== null && "key" in part ? part.key : part))
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
}

/** Stores the result of a build in one transaction: the catalog, its files and its KV entries. */
function save(
  bucket: Bucket,
  stored: StoredCatalog,
  catalog: Catalog,
  read: ReadWorkspace,
  contributed: Contributions,
  { purgeJobKv = false }: BuildOptions,
): void {
  const { store, bucketId } = bucket;
  const sources = { bucketId, catalog, ...read.variables };
  store.transaction(() => {
    for (const hash of read.contents.hashes()) store.contents.put(hash, read.contents.pieces(hash));
    store.catalog.write(stored, catalog, read.files);
    store.bucket.setBuilt(builtWorkspace(read, readSettings(bucket)));
    storeKv(bucket.kv, { before: stored, sources, contributed, purgeJobs: purgeJobKv });
    store.contents.sweep();
  });
}

/**
 * Calls `afterBuild` for every job, whatever failed before, and throws all errors together at the end. The catalog and the
 * results of successful hooks are already stored.
 */
async function runBuilt(bucket: Bucket, reporter: RunReporter, { jobs }: Catalog): Promise<void> {
  const wanted = jobs.filter((job) => isTapped(bucket.hooks.afterBuild, job));
  if (wanted.length === 0) return;
  const source = openCommandRun(bucket, reporter);
  const failures: MaandError[] = [];
  try {
    for (const job of [...wanted].sort((a, b) => a.deploymentSeq - b.deploymentSeq)) {
      stopIfInterrupted(bucket.signal);
      await bucket.hooks.afterBuild.promise(scopedJobContext(source, job)).catch((cause: unknown) => {
        failures.push(asMaandError(cause));
      });
    }
  } finally {
    await source.end();
  }
  const [first] = failures;
  if (first && failures.length === 1) throw first;
  if (first) throw joined(failures, first);
}

function joined(failures: readonly MaandError[], { code, hint, output }: MaandError): MaandError {
  const message = failures.map((failure) => failure.message).join("; ");
  return new MaandError({ code, message, output, ...(hint === undefined ? {} : { hint }) });
}
