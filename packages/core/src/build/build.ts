import { type Bucket, type RunReporter, runReporter } from "../bucket/bucket.ts";
import { asMaandError, stopIfInterrupted } from "../bucket/outcome.ts";
import { error, type Problem, type Report, refuses, warning } from "../domain/checks/problem.ts";
import { locate } from "../domain/checks/validate.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import { assemble, type Before, type Catalog } from "../domain/workspace/catalog.ts";
import type { Job } from "../domain/workspace/job.ts";
import { MaandError, problemsError } from "../errors.ts";
import { type AbsentPlugin, absentKeys, addPlugin } from "../plugin-api/absent-plugins.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { openCommandRun } from "../run/command-run.ts";
import { knownOf, lockBucket } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { type ReadWorkspace, readWorkspace } from "../workspace/read.ts";
import { storeKv } from "./build-kv.ts";
import { type Contributions, contributions } from "./contribute.ts";

/** What a build found. */
export interface Built {
  readonly catalog: Catalog;
  /** Warnings only; what refuses was thrown. */
  readonly problems: readonly Problem[];
}

/** How a build was asked for. */
export interface BuildOptions {
  /** Refuse warnings too (decision 21). */
  readonly strict?: boolean;
  /** Forget variables and secrets of jobs that are gone, instead of leaving that to the next deploy (build.md 11.4). */
  readonly purgeJobKv?: boolean;
}

/**
 * Reads the workspace and puts its catalog into the store (build.md 6). All problems are found before anything is
 * written and thrown together; the previous catalog stays in force then.
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

/** What a build would find wrong with the workspace, warnings too; nothing is written (`maand doctor`). */
export async function workspaceProblems(bucket: Bucket): Promise<readonly Problem[]> {
  return (await understand(bucket)).problems;
}

/** The workspace read and checked: what it comes to, and everything that is wrong with it. */
async function understand(bucket: Bucket) {
  const { store, paths, settings } = bucket;
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const stored = store.catalog.read();
  const read = readWorkspace(paths.workspace, store.catalog.seenFiles(), settings.jobConfigSelector, report);
  const claims = new Map(bucket.plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {})));
  const absent = absentKeys(bucket.absent, (plugin) => plugin.claims);
  const owners = { claimed: [...claims.keys()], absent };
  const assembled = assemble(read.written, beforeOf(stored), { newId: bucket.newId, owners });
  problems.push(...assembled.problems);
  const { catalog } = assembled;
  const jobs = [...catalog.jobs, ...assembled.unfinished];
  await checkClaims(jobs, claims, absent.get("commands"), report);
  if (!isTapped(bucket.hooks.functions)) warnUnrendered(catalog, bucket.absent, report);
  const bytes = ({ hash }: { readonly hash: string }) => read.contents.get(hash) ?? store.contents.read(hash);
  const output = { settings, bucket: { root: paths.root }, now: bucket.now };
  const runBy = (job: Job) => runnerOf(job, bucket.plugins);
  const validation = Object.freeze({ ...output, ...catalog, jobs, read: bytes, runBy, report });
  await bucket.hooks.validate.promise(validation);
  return { stored, read, catalog, problems };
}

async function buildCatalog(bucket: Bucket, reporter: RunReporter, options: BuildOptions): Promise<Built> {
  const { stored, read, catalog, problems } = await understand(bucket);
  const found = options.strict
    ? problems.map((problem) => error(problem.code, problem.where, problem.message, problem.hint))
    : problems;
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

/** Manifest keys that plugins own are checked with the plugins' schemas; `commands` warns if nobody would run them. */
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

/** The ending of job files that never reach a worker as they are. */
const TEMPLATE = ".tpl";

/** Templates never reach a worker as they are; if nobody renders them, nothing takes their place there. */
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

/** Everything a build knows, as one transaction: the catalog, its files and its KV entries. */
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
    for (const [hash, bytes] of read.contents) store.contents.put(hash, bytes);
    store.catalog.write(stored, catalog, read.files);
    storeKv(bucket.kv, { before: stored, sources, contributed, purgeJobs: purgeJobKv });
    store.contents.sweep();
  });
}

/**
 * Every job is asked, whatever became of those before it; what fails is told together at the end (B03). The catalog is
 * stored by then, and so is what succeeded.
 */
async function runBuilt(bucket: Bucket, reporter: RunReporter, { jobs }: Catalog): Promise<void> {
  const wanted = jobs.filter((job) => isTapped(bucket.hooks.built, job));
  if (wanted.length === 0) return;
  const source = openCommandRun(bucket, reporter);
  const failures: MaandError[] = [];
  try {
    for (const job of [...wanted].sort((a, b) => a.deploymentSeq - b.deploymentSeq)) {
      stopIfInterrupted(bucket.signal);
      await bucket.hooks.built.promise(scopedJobContext(source, job)).catch((cause: unknown) => {
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
