import { type Bucket, type RunReporter, runReporter } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { builtWorkspace } from "../bucket/unbuilt.ts";
import { type Problem, refuses, warning } from "../domain/checks/problem.ts";
import { type HeldText, heldTexts } from "../domain/release/held-texts.ts";
import { holdText } from "../domain/release/hold.ts";
import type { Catalog } from "../domain/workspace/catalog.ts";
import { placedCount } from "../domain/workspace/placement/placed.ts";
import { MaandError, problemsError } from "../errors.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { openCommandRun } from "../run/command-run.ts";
import { recordCommand } from "../run/fence/record-command.ts";
import { lockBucket } from "../run/run.ts";
import { recordedContext } from "../run/scope/recorded-context.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import type { BuiltWorkspace } from "../store/bucket-rows.ts";
import { storeKv } from "./build-kv.ts";
import { type Contributions, contributionSource, contributions } from "./contribute.ts";
import { generateWorkers, keepGenerated, lostWorkers } from "./generated-workers.ts";
import { filesWithHeld } from "./held-jobs.ts";
import { type NumberedCatalog, numberReleases, storeReleases } from "./number-releases.ts";
import { noteSeen, provenanceOf } from "./provenance.ts";
import { resolvesStale, storeReferenced, usesStored } from "./secrets/referenced-secrets.ts";
import { readSettings, type Understood, understand } from "./understand.ts";

/** The result of a build. */
export interface Built {
  readonly catalog: Catalog;
  /** The number of allocations in the catalog, without those that are no longer desired. */
  readonly allocations: number;
  /** Warnings only; errors are thrown. */
  readonly problems: readonly Problem[];
  /** Jobs with a held release, each with a sentence about it. */
  readonly held: readonly HeldText[];
  /** The number of the build in the history. */
  readonly number: number;
}

/** The options of a build. */
export interface BuildOptions {
  /** Treat warnings as errors. */
  readonly strict?: boolean;
  /** Delete variables and secrets of removed jobs now, instead of in the next deploy. */
  readonly purgeJobKv?: boolean;
  /**
   * Warn about a workspace that does not contain the commit of the last build, instead of failing. Used for previews.
   */
  readonly allowOlder?: boolean;
  /** Accept the output of `workers_command` even if it omits more than half of the workers of the last build. */
  readonly allowLoss?: boolean;
  /** The store is a copy that will be discarded. Plugins must not write anywhere else. */
  readonly isPreview?: boolean;
  /**
   * The same command deploys after the build. The deploy then calls `commit`, so the build does not call `commitBuild`.
   */
  readonly deploys?: boolean;
}

/**
 * Reads the workspace and stores its catalog. Problems are collected and thrown together before anything is written.
 * After such an error, the previous catalog stays valid.
 */
export async function build(bucket: Bucket, options: BuildOptions = {}): Promise<Built> {
  const lock = lockBucket(bucket, "build");
  try {
    const reporter = runReporter(bucket, "build");
    const built = await buildCatalog(bucket, reporter, options);
    try {
      await runBuilt(bucket, reporter, built.catalog);
    } catch (cause) {
      bucket.store.history.finish(built.number, "failed", bucket.now().toISOString());
      throw cause;
    } finally {
      if (!options.deploys && !options.isPreview) await commitBuild(bucket, reporter, built.catalog);
    }
    return built;
  } finally {
    lock.release();
  }
}

/**
 * Returns the problems that a build would find in the workspace, including warnings. Writes nothing, and does not run
 * `workers_command`. Used by `maand doctor`.
 */
export async function workspaceProblems(bucket: Bucket): Promise<readonly Problem[]> {
  return (await understand(bucket)).problems;
}

/**
 * The part of a build that reads, checks and stores. It calls no hooks with side effects. The caller holds the lock.
 * `adjust` changes the contributions of plugins before they are stored.
 */
export async function buildCatalog(
  bucket: Bucket,
  reporter: RunReporter,
  options: BuildOptions,
  adjust: (contributed: Contributions) => Contributions = (contributed) => contributed,
): Promise<Built> {
  const resolve = options.isPreview ? usesStored(bucket) : resolvesStale(bucket, reporter);
  const generated = await generateWorkers(bucket);
  const understood = await understand(bucket, resolve, generated);
  const lost =
    generated === undefined || options.allowLoss || refuses(understood.problems)
      ? []
      : lostWorkers(understood.stored.workers, understood.catalog.workers);
  const problems = [...understood.problems, ...lost];
  const found = options.strict ? problems.map((problem) => ({ ...problem, level: "error" as const })) : problems;
  if (refuses(found)) throw problemsError([...found, ...heldProblems(understood)], "the workspace is invalid");
  const workspace = builtWorkspace(understood.read, readSettings(bucket));
  const allowsOlder = options.allowOlder === true || options.isPreview === true;
  const { author, built, problems: undone } = await provenanceOf(bucket, workspace, allowsOlder);
  if (refuses(undone)) throw problemsError(undone);
  const numbered = numberReleases(bucket, understood, built, author);
  const { catalog } = numbered;
  const source = contributionSource({ bucket, reporter }, catalog);
  const contributed = adjust(await contributions(source, [...source.jobs.values()], options.isPreview));
  const number = save(bucket, { ...understood, numbered, built }, contributed, { ...options, reporter });
  if (!options.isPreview) {
    if (generated !== undefined) keepGenerated(bucket, generated);
    noteSeen(bucket, built);
  }
  const allocations = placedCount(understood.placement.placed);
  return { catalog, allocations, problems: [...found, ...undone], number, held: heldTexts(catalog, []) };
}

/** Warnings for a refused build, one for each job that was read from a release other than the one in the workspace. */
function heldProblems({ held, catalog }: Understood): Problem[] {
  return catalog.jobs.flatMap((job) => {
    const kept = held.get(job.name);
    return kept
      ? [warning("held_release", `job ${job.name}`, holdText({ ...job, release: kept.release }, kept.hold))]
      : [];
  });
}

/** The result of a build that is to be stored. */
interface ToSave extends Understood {
  readonly numbered: NumberedCatalog;
  readonly built: BuiltWorkspace;
}

/**
 * Stores the result of a build in one transaction: the catalog, its files, its releases, its KV entries and its row in
 * the history. Returns the number of that row.
 */
function save(
  bucket: Bucket,
  { stored, read, held, placement, numbered, built, variables, secrets }: ToSave,
  contributed: Contributions,
  { purgeJobKv = false, reporter }: BuildOptions & { readonly reporter: RunReporter },
): number {
  const { store, bucketId } = bucket;
  const { catalog } = numbered;
  const sources = { bucketId, catalog, placed: placement.placed, ...variables };
  return store.transaction(() => {
    for (const hash of read.contents.hashes()) store.contents.put(hash, read.contents.pieces(hash));
    store.catalog.write(stored, catalog, filesWithHeld(read, held), placement);
    storeReleases(bucket, numbered);
    store.bucket.setBuilt(built);
    storeReferenced(bucket, secrets, catalog);
    storeKv(bucket.kv, { before: stored, sources, placement, contributed, purgeJobs: purgeJobKv });
    store.contents.sweep();
    const { id, command, startedAt } = reporter;
    const jobs = numbered.fresh.map(({ job }) => job.name);
    return recordCommand(bucket, { command, startedAt, id, commit: built.commit ?? null, jobs });
  });
}

/**
 * Calls `afterBuild` for every job, even after it failed for another job, and throws all errors together at the end.
 * The catalog and the results of successful hooks are already stored.
 */
async function runBuilt(bucket: Bucket, reporter: RunReporter, { jobs }: Catalog): Promise<void> {
  const wanted = jobs.filter((job) => isTapped(bucket.hooks.afterBuild, job));
  if (wanted.length === 0) return;
  const source = openCommandRun(bucket, reporter);
  const failures: MaandError[] = [];
  try {
    for (const job of [...wanted].sort((a, b) => a.deploymentSeq - b.deploymentSeq)) {
      stopIfInterrupted(bucket.signal);
      await bucket.hooks.afterBuild
        .promise(scopedJobContext(source, source.jobs.get(job.name) ?? job))
        .catch((cause: unknown) => {
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

/** Calls `commitBuild`. A failure is a warning, because the build is stored. */
async function commitBuild(bucket: Bucket, reporter: RunReporter, catalog: Catalog): Promise<void> {
  if (bucket.signal.aborted || !bucket.hooks.commitBuild.isUsed()) return;
  try {
    await bucket.hooks.commitBuild.promise(Object.freeze(recordedContext({ bucket, reporter, catalog })));
  } catch (cause) {
    const { message } = asMaandError(cause);
    reporter.emit("warning", { code: "hook_failed", message, job: null, worker: null });
  }
}

function joined(failures: readonly MaandError[], { code, hint, output }: MaandError): MaandError {
  const message = failures.map((failure) => failure.message).join("; ");
  return new MaandError({ code, message, output, ...(hint === undefined ? {} : { hint }) });
}
