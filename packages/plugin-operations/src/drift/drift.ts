import type { Worker } from "@maand/core";
import {
  type AllocationDrift,
  asMaandError,
  type Bucket,
  type CommandRun,
  driftDiffs,
  ExpectedFiles,
  type ExpectedOnWorker,
  type InspectedWorker,
  inspectWorker,
  type NotCompared,
  type Outcome,
  openCommandRun,
  outcomeOf,
  registerSecrets,
  runReporter,
  runTargetOnce,
  stopIfInterrupted,
} from "@maand/core/operator";
import { refuseUnknown, selectWorkers } from "@maand/core/readonly";
import type { FileDrift } from "@maand/core/toolbox";
import pLimit from "p-limit";
import { type PendingChange, pendingChanges } from "./pending-changes.ts";

/** The options of a comparison. */
export interface DriftOptions {
  /** Only these jobs; empty: all. */
  readonly jobs: readonly string[];
  /** Workers as typed, and the flag they come from; no words: all. */
  readonly workers: { readonly flag: string; readonly words: readonly string[] };
  /** Compare changed files line by line. */
  readonly diff: boolean;
  /** Run the target `status` of every allocation that should run. */
  readonly status: boolean;
}

/** A job on a worker, compared with its promoted state. */
export interface JobDrift {
  readonly job: string;
  /** `not_compared`: its files are unknown, because a sync of the job did not finish. */
  readonly state: "clean" | "drifted" | "not_compared";
  /** Why it was not compared. */
  readonly reason?: string;
  /** Whether its directory does not exist. */
  readonly isGone: boolean;
  readonly files: readonly FileDrift[];
  /** Whether more files were added than are listed. */
  readonly hasMore: boolean;
  /** Unified diffs by path, if requested. */
  readonly diffs: ReadonlyMap<string, string>;
  /** Whether its target `status` succeeded; absent if it was not run. */
  readonly status?: { readonly isOk: boolean; readonly message: string | null };
  /** How many times in succession the same difference was repaired before. */
  readonly repairs: number;
}

/** A worker, compared with the last sync. */
export interface WorkerDrift {
  readonly host: string;
  /** `not_deployed`: nothing was synced to it yet; `failed`: it is reachable, but could not be inspected. */
  readonly state: "clean" | "drifted" | "not_deployed" | "unreachable" | "failed";
  /** Why it could not be inspected. */
  readonly problem?: { readonly outcome: Outcome; readonly message: string; readonly hint?: string };
  /** Whether its bucket directory does not exist. */
  readonly isLost: boolean;
  /** How `worker.json`, `jobs.json` and `bin/` differ. */
  readonly metadata: readonly FileDrift[];
  readonly jobs: readonly JobDrift[];
}

/** The result of `maand drift`. */
export interface DriftReport {
  readonly workers: readonly WorkerDrift[];
  /** What a deploy would change, because the desired state differs from the promoted one. */
  readonly pending: readonly PendingChange[];
  readonly isDrifted: boolean;
  /** Whether any worker could not be inspected. */
  readonly isIncomplete: boolean;
}

/** Workers inspected in parallel. */
const AT_ONCE = 64;

/**
 * Compares the desired state, the promoted state and the state of the workers. Changes neither the store nor a worker,
 * and takes no lock. Throws PROBLEMS for unknown jobs and workers.
 */
export async function drift(bucket: Bucket, options: DriftOptions): Promise<DriftReport> {
  const reporter = runReporter(bucket, "drift");
  const source = openCommandRun(bucket, reporter, { pid: bucket.pid });
  try {
    const workers = chosen(source, options);
    registerSecrets(bucket);
    const limit = pLimit(AT_ONCE);
    const expected = new ExpectedFiles(source);
    const repairs = bucket.store.repairs.all();
    const looking = Promise.all(
      workers.map((worker) => limit(() => compareWorker({ source, options, repairs }, worker, expected))),
    );
    // plan while waiting for the responses of the workers
    const planning = firstAnswer(source, workers).then(() => pendingChanges(bucket, options.jobs));
    const [found, pending] = await Promise.all([looking, planning]);
    stopIfInterrupted(bucket.signal); // an interrupted comparison proves nothing
    const hosts = new Set(workers.map(({ host }) => host));
    return bucket.mask.conceal({
      workers: found,
      pending: pending.filter(({ host }) => host === undefined || hosts.has(host)),
      isDrifted: found.some(({ state }) => state === "drifted"),
      isIncomplete: found.some(({ state }) => state === "unreachable" || state === "failed"),
    });
  } finally {
    await source.end();
  }
}

/** Resolves when the first of these workers is connected, or when no worker can be connected. */
async function firstAnswer({ connections, delivery }: CommandRun, workers: readonly Worker[]): Promise<void> {
  const [first] = workers.filter(({ host }) => delivery(host) !== undefined);
  if (first) await connections.connect(first).catch(() => undefined);
}

function chosen({ catalog }: CommandRun, { jobs, workers: { flag, words } }: DriftOptions): readonly Worker[] {
  refuseUnknown(
    "job",
    "--jobs",
    jobs,
    catalog.jobs.map(({ name }) => name),
  );
  return words.length === 0 ? catalog.workers : selectWorkers(catalog.workers, flag, words).map(({ worker }) => worker);
}

interface Comparison {
  readonly source: CommandRun;
  readonly options: DriftOptions;
  readonly repairs: ReturnType<Bucket["store"]["repairs"]["all"]>;
}

async function compareWorker(comparison: Comparison, worker: Worker, files: ExpectedFiles): Promise<WorkerDrift> {
  const { source, options } = comparison;
  const { host } = worker;
  const nothing = { host, isLost: false, metadata: [], jobs: [] };
  if (source.delivery(host) === undefined) return { ...nothing, state: "not_deployed" };
  try {
    stopIfInterrupted(source.bucket.signal);
    source.connections.connect(worker).catch(() => undefined); // inspectWorker reports it
    const on = files.on(host, options.jobs);
    const found = await inspectWorker(source, worker, { ...on, contents: options.diff });
    return await describe(comparison, worker, on, found);
  } catch (cause) {
    const { code, message, hint } = asMaandError(cause);
    if (code === "INTERRUPTED") throw cause;
    const outcome = outcomeOf(cause);
    const problem = { outcome, message, ...(hint === undefined ? {} : { hint }) };
    return { ...nothing, state: outcome === "failed" ? "failed" : "unreachable", problem };
  }
}

async function describe(
  comparison: Comparison,
  { host }: Worker,
  { notCompared }: ExpectedOnWorker,
  { isLost, metadata, allocations }: InspectedWorker,
): Promise<WorkerDrift> {
  const compared = await Promise.all(allocations.map((one) => describeJob(comparison, one)));
  const jobs = [...compared, ...notCompared.map(unknownJob)].sort((a, b) => (a.job < b.job ? -1 : 1));
  const isDrifted = isLost || metadata.length > 0 || jobs.some(({ state }) => state === "drifted");
  const found: WorkerDrift = { host, state: isDrifted ? "drifted" : "clean", isLost, metadata, jobs };
  reportDrift(comparison.source, found);
  return found;
}

function unknownJob({ allocation: { job }, reason }: NotCompared): JobDrift {
  return { job, state: "not_compared", reason, isGone: false, files: [], hasMore: false, diffs: new Map(), repairs: 0 };
}

async function describeJob({ source, options, repairs }: Comparison, found: AllocationDrift): Promise<JobDrift> {
  const { allocation, isGone, drift: files, hasMore } = found;
  const job = source.jobs.get(allocation.job);
  const diffs = options.diff && job && files.length > 0 ? await driftDiffs(source, job, found) : new Map();
  const status = options.status ? await statusOf(source, found) : undefined;
  const isDrifted = files.length > 0 || status?.isOk === false;
  return {
    job: allocation.job,
    state: isDrifted ? "drifted" : "clean",
    isGone,
    files,
    hasMore,
    diffs,
    repairs: repairs.get(allocation.host)?.get(allocation.job)?.times ?? 0,
    ...(status ? { status } : {}),
  };
}

/** Runs `status` only for allocations that should run, and only if their Makefile may exist. */
async function statusOf(
  source: CommandRun,
  { allocation, drift: files }: AllocationDrift,
): Promise<JobDrift["status"]> {
  const job = source.jobs.get(allocation.job);
  const { promoted } = source.recorded(allocation.id);
  if (!job || allocation.disabled || !promoted || promoted.stopped || files.some(lacksMakefile)) return undefined;
  const { result } = await runTargetOnce(source, job, allocation, "status");
  return { isOk: result.outcome === "ok", message: result.message };
}

function lacksMakefile({ path, change }: FileDrift): boolean {
  return path === "Makefile" && change === "missing";
}

function reportDrift({ reporter }: CommandRun, { host, isLost, metadata, jobs }: WorkerDrift): void {
  const paths = (files: readonly FileDrift[]) => files.map(({ path }) => path);
  if (isLost || metadata.length > 0)
    reporter.emit("drift.found", { worker: host, job: null, files: isLost ? [] : paths(metadata) });
  for (const { job, state, files } of jobs)
    if (state === "drifted") reporter.emit("drift.found", { worker: host, job, files: paths(files) });
}
