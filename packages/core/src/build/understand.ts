import type { Bucket } from "../bucket/bucket.ts";
import { error, type Problem, type Report, refuses, warning } from "../domain/checks/problem.ts";
import { locate } from "../domain/checks/validate.ts";
import { secretNamespace } from "../domain/kv/secret-names.ts";
import { splitReferences } from "../domain/kv/secret-reference.ts";
import { manifestFile } from "../domain/manifest/manifest.ts";
import { type Assembled, assemble, type Before, type Catalog, catalogOf } from "../domain/workspace/catalog.ts";
import type { Job, JobFile } from "../domain/workspace/job.ts";
import type { EarlierAllocations, Placement } from "../domain/workspace/placement/placement.ts";
import { type AbsentPlugin, absentKeys, addPlugin } from "../plugin-api/absent-plugins.ts";
import { withOutputs } from "../plugin-api/define/claim.ts";
import { runBy } from "../plugin-api/define/run-by.ts";
import type { KvReader } from "../plugin-api/kv.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { kvReader } from "../run/scope/kv-reader.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { KvOverlay } from "../store/kv/kv-overlay.ts";
import { type ReadWorkspace, readWorkspace } from "../workspace/read.ts";
import { buildReader } from "./build-reader.ts";
import { type HeldJobs, heldJobs, textsWithHeld, withHeld } from "./held-jobs.ts";
import { withLines } from "./problem-lines.ts";
import { type ReferencedSecrets, type ResolveEntries, usesStored } from "./secrets/referenced-secrets.ts";

/** A workspace, read and checked. */
export interface Understood {
  readonly stored: StoredCatalog;
  readonly read: ReadWorkspace;
  /** Jobs that are built from a release other than the release in the workspace. */
  readonly held: HeldJobs;
  readonly catalog: Catalog;
  readonly placement: Placement;
  /** Variables, without the variables that are references. */
  readonly variables: ReadWorkspace["variables"];
  readonly secrets: ReferencedSecrets;
  /** All problems, warnings included. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the workspace and checks its catalog; writes nothing. `resolve` gets the secrets that the workspace refers to,
 * unless an error was found before it is called. `workersText` is used in place of the content of `workers.json`.
 */
export async function understand(
  bucket: Bucket,
  resolve: ResolveEntries = usesStored(bucket),
  workersText?: string,
): Promise<Understood> {
  const { store, paths } = bucket;
  const problems: Problem[] = [];
  const stored = readStored(store);
  const before = { before: store.catalog.seenFiles(), ...readSettings(bucket), workersText };
  const read = readWorkspace(paths.workspace, before, (problem) => problems.push(problem));
  const held = heldJobs(store, read.written.jobs);
  const assembled = assemble(
    withHeld(read.written, held),
    beforeOf(stored, store.catalog.earlierAllocations([...stored.jobs, ...stored.removedJobs])),
    {
      newId: bucket.newId,
      owners: ownersOf(bucket),
    },
  );
  problems.push(...assembled.problems);
  const bytes = ({ hash }: JobFile) => read.contents.read(hash) ?? store.contents.read(hash);
  const { variables, references, wrong } = splitReferences(read.variables, overridesFile(bucket));
  for (const { where, message } of wrong) problems.push(error("invalid_reference", where, message));
  const secrets = refuses(problems) ? { entries: references, read: [], problems: [] } : await resolve(references);
  problems.push(...secrets.problems);
  const { catalog, placement } = assembled;
  const sources = { bucketId: bucket.bucketId, catalog, placed: placement.placed, ...variables };
  problems.push(...(await checkJobs(bucket, assembled, bytes, buildReader(withRead(bucket, secrets), sources))));
  const all = withLines(problems, textsWithHeld(read, held));
  return { stored, read, held, catalog, placement, variables, secrets, problems: all };
}

/**
 * The stored catalog. Its allocations are read when they are first used, because a build does not need them for most
 * jobs.
 */
function readStored({ catalog }: Bucket["store"]): StoredCatalog {
  const { removedWorkers, removedJobs, ...rest } = catalog.readWithoutAllocations();
  return Object.assign(
    catalogOf(rest, () => catalog.allocations()),
    { removedWorkers, removedJobs },
  );
}

/** The KV store with the secrets that were just read. */
function withRead({ kv, now }: Bucket, { read }: ReferencedSecrets): KvOverlay {
  const overlay = new KvOverlay(kv, { now });
  for (const { owner, key, value } of read) overlay.put(secretNamespace(owner), key, value);
  return overlay;
}

function overridesFile({ settings: { jobConfigSelector: selector } }: Bucket): string {
  return `workspace/bucket.jobs.${selector === "" ? "" : `${selector}.`}conf`;
}

/** The options for reading a bucket's workspace. */
export function readSettings({ settings }: Pick<Bucket, "settings">) {
  return { selector: settings.jobConfigSelector, maxBytes: settings.maxFileBytes };
}

/** The values that a new catalog takes over from the stored catalog. */
export function beforeOf(stored: StoredCatalog, earlier?: EarlierAllocations): Before {
  return {
    workerIds: new Map([...stored.removedWorkers, ...stored.workers].map((worker) => [worker.host, worker.workerId])),
    ports: Object.fromEntries(stored.jobs.map((job) => [job.name, job.ports])),
    get allocations() {
      return stored.allocations;
    },
    ...(earlier && { earlier }),
  };
}

/** The owners of manifest keys that core does not read. */
export function ownersOf(bucket: Pick<Bucket, "plugins" | "absent">) {
  return { claimed: [...claimsOf(bucket).keys()], absent: absentClaims(bucket) };
}

/** Checks assembled jobs with the claims and `validate` taps of the plugins; returns all problems. */
export async function checkJobs(
  bucket: Bucket,
  { catalog, unfinished }: Pick<Assembled, "catalog" | "unfinished">,
  read: (file: JobFile) => Uint8Array,
  kv: (job: Job) => KvReader = (job) => kvReader(bucket.kv, job, []),
): Promise<readonly Problem[]> {
  const { settings, paths, now, hooks, plugins, absent } = bucket;
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const jobs = [...catalog.jobs, ...unfinished];
  await checkClaims(jobs, claimsOf(bucket), absentClaims(bucket).get("commands"), report);
  if (!plugins.some(rendersTemplates)) warnUnrendered(catalog, absent, report);
  warnUnwatched(catalog, hooks, report);
  const output = { settings, bucket: { root: paths.root }, now, runBy: (job: Job) => runBy(job, plugins) };
  const claims = claimsOf(bucket);
  const withValues = jobs.map((job) => ({ ...job, manifest: withOutputs(job.manifest, claims) }));
  const context = {
    ...output,
    workers: catalog.workers,
    jobs: withValues,
    get allocations() {
      return catalog.allocations; // most plugins do not need the allocations
    },
    read,
    kv,
    report,
  };
  await hooks.validate.promise(Object.freeze(context));
  return problems;
}

type Claims = ReadonlyMap<string, NonNullable<Plugin["claims"]>[string]>;

function claimsOf({ plugins }: Pick<Bucket, "plugins">): Claims {
  return new Map(plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {})));
}

function absentClaims({ absent }: Pick<Bucket, "absent">): ReadonlyMap<string, string> {
  return absentKeys(absent, (plugin) => plugin.claims);
}

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
          "commands_not_run",
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

/** The file name extension of templates. */
const TEMPLATE = ".tpl";

/** Whether a plugin declares that it renders templates; a plugin that only adds template functions does not. */
function rendersTemplates({ provides }: Plugin): boolean {
  return provides?.renders?.includes(TEMPLATE) ?? false;
}

/** Warns about templates that no loaded plugin renders, because template sources are never copied to workers. */
function warnUnrendered({ jobs }: Catalog, absent: readonly AbsentPlugin[], report: Report): void {
  const renders = absent.find(({ plugin }) => rendersTemplates(plugin));
  for (const { name, files } of jobs) {
    const unrendered = files.map(({ path }) => path).filter((path) => path.endsWith(TEMPLATE));
    if (unrendered.length === 0) continue;
    const message = `no loaded plugin renders templates, so nothing is rendered from ${unrendered.join(", ")}`;
    report(warning("templates_not_rendered", `workspace/jobs/${name}`, message, renders && addPlugin(renders.name)));
  }
}

/** Warns about a soak of a job without health checks. */
function warnUnwatched({ jobs }: Catalog, { verify }: Bucket["hooks"], report: Report): void {
  for (const job of jobs) {
    if (!job.rollout?.soakSeconds || isTapped(verify, job)) continue;
    const where = `${manifestFile(job.name)}: rollout.soak_seconds`;
    const message = "the job has no health check, so nothing is checked after a step";
    report(warning("soak_unchecked", where, message, "add a health check, or leave soak_seconds out"));
  }
}

function pathOf(path: readonly unknown[] | undefined): string {
  return (path ?? [])
    .map((part) => (typeof part === "object" && part !== null && "key" in part ? part.key : part))
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
}
