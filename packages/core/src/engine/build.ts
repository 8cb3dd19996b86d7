import { assemble, type Before, type Catalog } from "../domain/catalog.ts";
import { manifestFile } from "../domain/manifest.ts";
import { error, type Problem, type Report, refuses, warning } from "../domain/problem.ts";
import { locate } from "../domain/written.ts";
import { problemsError } from "../errors.ts";
import type { Plugin } from "../plugin.ts";
import type { StoredCatalog } from "../store/catalog-rows.ts";
import { type ReadWorkspace, readWorkspace } from "../workspace/read.ts";
import { jobContext } from "./contexts-of.ts";
import { type Maand, runFrame } from "./maand.ts";
import { knownOf, lockBucket, memoryOf } from "./run.ts";

/** What a build found. */
export interface Built {
  readonly catalog: Catalog;
  /** Warnings only; what refuses was thrown. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the workspace and puts its catalog into the store (build.md 6). All problems are found before anything is
 * written and thrown together; the previous catalog stays in force then. `strict` refuses warnings too (decision 21).
 */
export async function build(maand: Maand, { strict = false }: { readonly strict?: boolean } = {}): Promise<Built> {
  const lock = lockBucket(maand, "build");
  try {
    const built = await buildCatalog(maand, strict);
    if (maand.hooks.built.isUsed()) await runBuilt(maand);
    return built;
  } finally {
    lock.release();
  }
}

async function buildCatalog(maand: Maand, strict: boolean): Promise<Built> {
  const { store, paths, settings } = maand;
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const stored = store.catalog.read();
  const read = readWorkspace(paths.workspace, store.catalog.seenFiles(), settings.jobConfigSelector, report);
  const claims = new Map(maand.plugins.flatMap((plugin) => Object.entries(plugin.claims ?? {})));
  const assembled = assemble(read.written, beforeOf(stored), { newId: maand.newId, claimed: [...claims.keys()] });
  problems.push(...assembled.problems);
  const { catalog } = assembled;
  await checkClaims(catalog, claims, report);
  await maand.hooks.validate.promise(Object.freeze({ settings, bucket: { root: paths.root }, ...catalog, report }));
  const found = strict
    ? problems.map((problem) => error(problem.code, problem.where, problem.message, problem.hint))
    : problems;
  if (refuses(found)) throw problemsError(found, "the workspace was refused");
  save(maand, stored, catalog, read);
  return { catalog, problems: found };
}

function beforeOf(stored: StoredCatalog): Before {
  return {
    workerIds: new Map(stored.workers.map((worker) => [worker.host, worker.workerId])),
    ports: Object.fromEntries(stored.jobs.map((job) => [job.name, job.ports])),
    allocations: stored.allocations,
  };
}

type Claims = ReadonlyMap<string, NonNullable<Plugin["claims"]>[string]>;

/** Manifest keys that plugins own are checked with the plugins' schemas; `commands` warns if nobody would run them. */
async function checkClaims(catalog: Catalog, claims: Claims, report: Report): Promise<void> {
  for (const job of catalog.jobs) {
    if (job.commands.length > 0 && !claims.has("commands")) {
      const names = job.commands.map((command) => command.name).join(", ");
      report(
        warning(
          "nobody_runs",
          `${manifestFile(job.name)}: commands`,
          `no loaded plugin runs job commands, so ${names} will not run`,
          "load a plugin that does",
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

function pathOf(path: readonly unknown[] | undefined): string {
  return (path ?? [])
    .map((part) => (typeof part === "object" && part !== null && "key" in part ? part.key : part))
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
}

function save(maand: Maand, stored: StoredCatalog, catalog: Catalog, read: ReadWorkspace): void {
  const { store } = maand;
  store.transaction(() => {
    for (const [hash, bytes] of read.contents) store.contents.put(hash, bytes);
    store.catalog.write(stored, catalog, read.files);
    store.contents.sweep();
  });
}

async function runBuilt(maand: Maand): Promise<void> {
  const source = { maand, frame: runFrame(maand, "build"), ...knownOf(maand.store.catalog.read()), ...memoryOf(maand) };
  const jobs = [...source.catalog.jobs].sort((a, b) => a.deploymentSeq - b.deploymentSeq);
  for (const job of jobs) await maand.hooks.built.promise(jobContext(source, job));
}
