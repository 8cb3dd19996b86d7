import { asMaandError } from "../bucket/error-outcome.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import { FENCE_FILE, isUntrusted, readFence } from "../domain/fence/fence-record.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { MaandError } from "../errors.ts";
import { noteDifference } from "../plan/drift/note-difference.ts";
import { runBy } from "../plugin-api/define/run-by.ts";
import { type RecordReader, recordReaderOf, type WorkerRecord } from "../remote/fence/worker-record.ts";
import type { Remote } from "../remote/remote.ts";
import { atDelivery, deliveredRoot } from "../run/delivered-root.ts";
import { FOREIGN_HINT, OLDER_HINT, unknownText } from "../run/fence/fence-guard.ts";
import { lockBucket, type Run, recordedStateOf, workerOf } from "../run/run.ts";
import { type Lock, lockHolder } from "../store/lock/bucket-lock.ts";

/** The input of the sync check: a run, or a command that has no run. */
export type SyncSource = Pick<Run, "bucket" | "catalog" | "recorded" | "delivery">;

/** A job with the allocations that a command is for. */
export interface ChosenJob {
  readonly job: Job;
  readonly allocations: readonly Allocation[];
}

function hostsOf({ allocations }: ChosenJob): string[] {
  return allocations.map(({ host }) => host);
}

/** How a worker differs from its last sync; `lost`: its files no longer exist. */
export interface Difference {
  readonly lost: boolean;
  readonly message: string;
  /** Whether the worker was last changed from another copy of the bucket. */
  readonly isForeign?: boolean;
  /** Whether this copy ran the command that last changed the worker, but its store is older than that command. */
  readonly isOlderStore?: boolean;
}

type Source = SyncSource & Pick<Run, "reporter" | "workers" | "connections">;

/**
 * Checks that workers match their last sync: each `worker.json` must name this bucket, this worker, and the
 * `update_seq` of the last sync. Throws OUT_OF_SYNC before anything runs; the error lists every worker that differs,
 * with its difference. Throws OTHER_COPY instead if another copy of the bucket changed a worker last, and UNREACHABLE
 * if the only problem is unreachable workers. Without the bucket's lock, changes by a command that is still running do
 * not count.
 */
export async function checkSync(source: Source, chosen: readonly ChosenJob[], isLocked: boolean): Promise<void> {
  const hosts = new Set(chosen.flatMap(hostsOf));
  // the plugin that offers a reader runs the next command too, except for jobs that another plugin claims
  const read = new Set(chosen.filter(({ job }) => runBy(job, source.bucket.plugins) === undefined).flatMap(hostsOf));
  const found = await Promise.all(
    [...hosts].map((host) => problemsOf(source, host, { isLocked, usesReader: read.has(host) })),
  );
  const problems = found.flat();
  if (problems.length === 0) return;
  const foreign = problems.find((problem) => problem.code === "other_copy");
  if (foreign)
    throw new MaandError({
      code: "OTHER_COPY",
      message: `${foreign.message}; nothing was run`,
      hint: foreign.hint ?? FOREIGN_HINT,
      problems: problems.length > 1 ? problems : [],
      refused: true,
    });
  const unreachable = problems.every((problem) => problem.code === "unreachable");
  throw new MaandError({
    code: unreachable ? "UNREACHABLE" : "OUT_OF_SYNC",
    message: problems.map((problem) => `${problem.where}: ${problem.message}`).join("; "),
    hint: unreachable
      ? "nothing was run; leave the worker out with --allocations, or repair it"
      : `nothing was run; run maand ${problems.some(({ code }) => code === "not_imported") ? "import" : "deploy"} first`,
    problems,
  });
}

/**
 * Returns how a worker differs from its last sync. A `worker.json` that is missing or cannot be read is a difference.
 * Throws if the worker cannot be reached. `reader` belongs to the connection, and reads the record of this worker.
 */
export async function differences(
  source: SyncSource,
  reached: Remote,
  workerId: string,
  reader?: RecordReader,
): Promise<Difference[]> {
  const remote = atDelivery(source.bucket, reached);
  const { fence, workerJson } = await recordOf(remote, remote === reached ? reader : undefined);
  const other = otherCopy(source.bucket, remote.host, fence);
  if (other) return [other];
  if (workerJson === "") return [await isEmpty(remote)];
  const found = parse(workerJson);
  if (!found) return [different("its worker.json cannot be read")];
  const wanted = {
    bucket_id: source.bucket.bucketId,
    worker_id: workerId,
    update_seq: source.delivery(remote.host)?.seq,
  };
  return Object.entries(wanted)
    .filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => different(`${key} is ${String(found[key] ?? "missing")} on the worker, expected ${value}`));
}

/**
 * Returns the record of a worker. If the reader does not trust the record, this function reads the record again without
 * the reader, so that the difference is the same with any reader.
 */
async function recordOf(remote: Remote, reader: RecordReader | undefined): Promise<WorkerRecord> {
  const found = await reader?.();
  if (found && !isUntrusted(found.fence)) return found;
  const files = [FENCE_FILE, "worker.json"].map((name) => `${remote.root}/${name}`);
  const { stdout } = await remote.probe(["cat", ...files], { asRoot: true }); // fails if either is missing
  const [, fence = "", workerJson = ""] = /^(\d+ .*\n.*\n)?([\s\S]*)$/.exec(stdout) ?? [];
  return { fence, workerJson };
}

/** The difference of a worker if this copy of the bucket has no record of the command that last changed the worker. */
function otherCopy({ store }: SyncSource["bucket"], host: string, text: string): Difference | undefined {
  const found = readFence(text);
  if (!found || "problem" in found || store.history.knows(found.record.holder)) return undefined;
  const own = store.copyOf.read()?.id;
  const isOlderStore = found.record.copy === own;
  return { ...different(unknownText(host, found.record, own)), isForeign: true, isOlderStore };
}

/** The exit code for an empty or missing directory. Any other code is inconclusive. */
const EMPTY = 3;

/**
 * Returns the difference of a worker without a readable `worker.json`. The worker has lost its files if it also has no
 * directory with jobs. Only then does the next deploy start its running jobs again.
 */
async function isEmpty(remote: Remote): Promise<Difference> {
  const script = `[ -e "$1" ] && ! [ -x "$1" ] && exit 1; [ -e "$1/worker.json" ] || [ -e "$1/jobs" ] || exit ${EMPTY}`;
  const { code } = await remote.probe(["sh", "-c", script, "sh", remote.root], {
    title: "the check of its files",
    asRoot: true,
  });
  return code === EMPTY
    ? { lost: true, message: "its worker.json and its jobs are missing: its files were deleted" }
    : different("its worker.json is missing or cannot be read");
}

/**
 * Records how a worker differs, unless another command is changing the worker or has changed it since the check.
 * Returns whether the difference still exists. Commands without the bucket's lock call this function, which takes the
 * lock and checks again.
 */
export function confirmDifference(source: SyncSource, host: string, lost: boolean): boolean {
  const lock = tryLock(source.bucket);
  if (!lock) return false;
  try {
    const { delivery, recorded } = recordedStateOf(source.bucket);
    if (delivery(host)?.seq !== source.delivery(host)?.seq) return false;
    noteDifference({ ...source, recorded }, host, lost);
    return true;
  } finally {
    lock.release();
  }
}

function tryLock(bucket: SyncSource["bucket"]): Lock | undefined {
  try {
    return lockBucket(bucket, "sync check");
  } catch (cause) {
    if (asMaandError(cause).code === "BUSY") return undefined;
    throw cause;
  }
}

/**
 * Records that a worker does not have the files of an allocation, so that the next deploy syncs them again. If
 * `isLocked` is false, it takes the bucket's lock, and records nothing while another command holds the lock.
 */
export function noteMissingFiles({ bucket }: SyncSource, allocation: string, isLocked: boolean): void {
  const lock = isLocked ? undefined : tryLock(bucket);
  if (isLocked || lock) bucket.store.promoted.unstage(allocation);
  lock?.release();
}

interface CheckOptions {
  readonly isLocked: boolean;
  /** Uses a reader that a plugin offers. */
  readonly usesReader: boolean;
}

async function problemsOf(source: Source, host: string, { isLocked, usesReader }: CheckOptions): Promise<Problem[]> {
  if (source.delivery(host)?.seq === undefined) return [neverDeployed(source, host)];
  const worker = workerOf(source, host);
  try {
    const remote = await source.connections.ready(worker);
    const began = source.bucket.now().getTime();
    const reader = usesReader ? recordReaderOf(remote) : undefined;
    const found = await differences(source, remote, worker.workerId, reader);
    reportCheck(source, host, found, began);
    if (found.length === 0) return [];
    if (found.some((one) => one.isForeign))
      return found.map(({ message, isOlderStore }) =>
        error("other_copy", host, message, isOlderStore ? OLDER_HINT : FOREIGN_HINT),
      );
    const lost = found.some((one) => one.lost);
    if (isLocked) noteDifference(source, host, lost);
    else if (!confirmDifference(source, host, lost)) return [];
    const hint = `run maand deploy first${lost ? ", which syncs them again and starts what ran" : ""}`;
    return found.map(({ message }) => error("out_of_sync", host, message, hint));
  } catch (cause) {
    const failed = asMaandError(cause);
    if (failed.code === "INTERRUPTED") throw cause;
    return [error("unreachable", host, failed.message, failed.hint)];
  }
}

function reportCheck({ bucket, reporter }: Source, worker: string, found: readonly Difference[], began: number): void {
  const message = found.length === 0 ? null : found.map((one) => one.message).join("; ");
  const duration_ms = bucket.now().getTime() - began;
  reporter.emit("worker.checked", { worker, ok: found.length === 0, message, duration_ms });
}

function neverDeployed({ bucket, catalog, recorded }: SyncSource, host: string): Problem {
  const there = catalog.allocations.filter((allocation) => allocation.host === host);
  if (there.some(({ id }) => recorded(id).promoted !== undefined) && !deliveredRoot(bucket, host))
    return error("not_imported", host, "it was unreachable when the bucket was imported", "run maand import again");
  const holder = lockHolder(bucket.store.holder);
  const hint =
    holder && holder.pid !== bucket.pid
      ? `maand ${holder.command} is running (pid ${holder.pid}): wait for it`
      : "run maand deploy first";
  return error("out_of_sync", host, "nothing was deployed to it yet", hint);
}

function different(message: string): Difference {
  return { lost: false, message };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
