import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { withEnd } from "../bucket/run-to-end.ts";
import { error } from "../domain/checks/problem.ts";
import { NO_VERSION } from "../domain/deploy/version.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import { shownPath } from "../domain/workspace/names.ts";
import { problemsError } from "../errors.ts";
import { deleteDirectory } from "../remote/files/delete-directory.ts";
import type { Remote } from "../remote/remote.ts";
import { openCommandRun } from "../run/command-run.ts";
import { atDelivery } from "../run/delivered-root.ts";
import { beginRun, type Run, workerOf } from "../run/run.ts";
import type { Touched } from "../store/fence/history-rows.ts";

/** What `gc` would do, or why it would refuse. */
export interface PlannedCollection {
  /** Removed allocations whose directories and records it would delete. */
  readonly delete: readonly Allocation[];
  /**
   * Removed allocations whose records alone it would delete, because their worker was removed from the workspace and is
   * unreachable.
   */
  readonly giveUp: readonly Allocation[];
  /** KV keys that it would purge with all their versions. */
  readonly purgeKeys: number;
}

/** The result of `gc`. */
export interface Collected {
  /**
   * Allocations whose rows were deleted, including those in `givenUp`. The directories of the others were deleted too.
   */
  readonly forgotten: readonly Allocation[];
  /**
   * Allocations that were deleted from the store without cleanup, because their worker was removed from the workspace
   * and is unreachable.
   */
  readonly givenUp: readonly Allocation[];
  /** Allocations that remain because their deletion failed. The next `gc` tries again. */
  readonly failed: readonly { readonly allocation: Allocation; readonly message: string }[];
  /** KV keys deleted long enough ago, now purged with all their versions. */
  readonly purgedKeys: number;
}

const DAY_SECONDS = 86_400;

type Source = Pick<Run, "catalog" | "connections" | "workers">;

/**
 * Purges removed allocations. It deletes the directory of each allocation on its worker, including data and logs, and
 * then the rows of the allocation, one allocation after another, so that an interruption loses nothing. It throws
 * PROBLEMS, with the names of the allocations, if a deploy has not yet stopped and cleaned up all of them. It skips the
 * cleanup only on workers that were removed from the workspace and are unreachable. KV keys are purged `retainDays`
 * after their deletion.
 */
export async function gc(bucket: Bucket, retainDays = 0): Promise<Collected> {
  const run = beginRun(bucket, "gc");
  let outcome = "refused";
  try {
    const removed = run.catalog.allocations.filter((allocation) => allocation.removed);
    const lost = await lostHosts(run, removed);
    refuseRunning(run, removed, lost);
    outcome = "failed";
    announce(
      run,
      removed.filter(({ host }) => !lost.has(host)),
    );
    const collected = await collect(run, removed, lost);
    bucket.store.sweepPromotions();
    run.bucket.store.history.touch(run.fence.number, touchedBy(collected.forgotten));
    const before = retainedSince(bucket, retainDays);
    const purgedKeys = bucket.store.transaction(() => bucket.store.kv.forgetDeleted(before));
    outcome = collected.failed.length === 0 ? "ok" : "failed";
    return { ...collected, purgedKeys };
  } finally {
    bucket.store.journal.finishRun(run.number, outcome, run.at());
    await run.end();
  }
}

/**
 * Returns what `gc` would do. Changes nothing, and does not take the lock. It connects only to workers that were
 * removed from the workspace, to find out whether they are reachable. Throws PROBLEMS if `gc` would refuse.
 */
export async function planGc(bucket: Bucket, retainDays = 0): Promise<PlannedCollection> {
  const source = openCommandRun(bucket, runReporter(bucket, "gc --dry-run"), { pid: bucket.pid });
  try {
    const removed = source.catalog.allocations.filter((allocation) => allocation.removed);
    const lost = await lostHosts(source, removed);
    refuseRunning(source, removed, lost);
    return {
      delete: removed.filter(({ host }) => !lost.has(host)),
      giveUp: removed.filter(({ host }) => lost.has(host)),
      purgeKeys: bucket.store.kv.deletedBefore(retainedSince(bucket, retainDays)).length,
    };
  } finally {
    await source.end();
  }
}

/** Keys that were deleted before this time, in seconds, are purged. */
function retainedSince(bucket: Bucket, retainDays: number): number {
  return Math.floor(bucket.now().getTime() / 1000) - Math.max(0, retainDays) * DAY_SECONDS;
}

function touchedBy(allocations: readonly Allocation[]): Touched {
  return {
    jobs: [...new Set(allocations.map(({ job }) => job))],
    workers: [...new Set(allocations.map(({ host }) => host))],
  };
}

/** Unreachable workers that were removed from the workspace; each is tried once. */
async function lostHosts(run: Source, removed: readonly Allocation[]): Promise<ReadonlySet<string>> {
  const gone = new Set(run.catalog.removedWorkers.map((worker) => worker.host));
  const hosts = [...new Set(removed.map(({ host }) => host))].filter((host) => gone.has(host));
  const probed = await Promise.all(
    hosts.map((host) =>
      run.connections.connect(workerOf(run, host)).then(
        () => [],
        (cause: unknown) => (outcomeOf(cause) === "unreachable" ? [host] : []),
      ),
    ),
  );
  return new Set(probed.flat());
}

function refuseRunning(run: Pick<Run, "recorded">, removed: readonly Allocation[], lost: ReadonlySet<string>): void {
  const running = removed.filter(({ id, host }) => {
    const { promoted, unsettled } = run.recorded(id);
    return !lost.has(host) && (promoted !== undefined || unsettled !== undefined);
  });
  if (running.length === 0) return;
  const problems = running.map(({ job, host }) =>
    error("still_deployed", `${job} on ${host}`, "is not stopped and cleaned up yet", "run maand deploy first"),
  );
  throw problemsError(problems, "nothing was deleted: run maand deploy first, to stop removed allocations");
}

/** Reports the counts before anything is deleted for more than one allocation. */
function announce({ reporter }: Run, deleted: readonly Allocation[]): void {
  if (deleted.length < 2) return;
  const hosts = new Set(deleted.map(({ host }) => host));
  const where = `${hosts.size} ${hosts.size === 1 ? "worker" : "workers"}`;
  reporter
    .context({})
    .log(`deletes the directories of ${deleted.length} removed allocations on ${where}, including data and logs`);
}

async function collect(
  run: Run,
  removed: readonly Allocation[],
  lost: ReadonlySet<string>,
): Promise<Omit<Collected, "purgedKeys">> {
  const forgotten: Allocation[] = [];
  const givenUp: Allocation[] = [];
  const failed: { allocation: Allocation; message: string }[] = [];
  for (const allocation of removed) {
    stopIfInterrupted(run.bucket.signal);
    try {
      if (lost.has(allocation.host)) givenUp.push(allocation);
      else await erase(run, allocation, removed);
      forget(run, allocation);
      forgotten.push(allocation);
    } catch (cause) {
      failed.push({ allocation, message: asMaandError(cause).message });
    }
  }
  return { forgotten, givenUp, failed };
}

/** Names in the bucket's directory on a worker that maand creates. */
const MADE_BY_MAAND = ["worker.json", "jobs.json", "bin", "locks", "receipts", "fence", "digests", "program"];

/**
 * Deletes an allocation's directory. For the last removed allocation of a removed worker, it also deletes the rest of
 * the bucket's directory.
 */
async function erase(run: Run, allocation: Allocation, removed: readonly Allocation[]): Promise<void> {
  const remote = atDelivery(run.bucket, await run.connections.connect(workerOf(run, allocation.host)));
  const left = run.catalog.removedWorkers.some(({ host }) => host === allocation.host);
  const last = removed.filter(({ host }) => host === allocation.host).at(-1)?.id === allocation.id;
  const { signal } = run.bucket;
  await logged(run, allocation, async () => {
    await deleteDirectory({ remote, directory: `${remote.root}/jobs/${allocation.job}`, signal });
    await deleteDirectory({ remote, directory: `${remote.root}/receipts/${allocation.job}`, signal });
    if (left && last) await eraseBucket(run, remote, removed);
  });
}

/** Files that an operator added to the bucket's directory stay, and are reported. */
async function eraseBucket(run: Run, remote: Remote, removed: readonly Allocation[]): Promise<void> {
  const { signal } = run.bucket;
  const jobs = await deleteDirectory({ remote, directory: `${remote.root}/jobs`, only: [], signal });
  const others = await deleteDirectory({ remote, directory: remote.root, only: MADE_BY_MAAND, signal });
  const foreign = jobs.filter((name) => !removed.some(({ job, host }) => job === name && host === remote.host));
  const stay = [...foreign.map((name) => `jobs/${name}`), ...others.filter((name) => name !== "jobs")];
  if (stay.length === 0) return;
  run.reporter
    .context({ worker: remote.host })
    .log(`${remote.root} was not deleted: maand did not create ${stay.slice(0, 3).map(shownPath).join(", ")} in it`);
}

/** Emits events for the start and the end of a deletion, even if the deletion fails. */
async function logged(run: Run, { job, host }: Allocation, work: () => Promise<unknown>): Promise<void> {
  const { emit, bucket } = run.reporter;
  const unit = { job, worker: host, action: "remove" };
  emit("action.started", { ...unit, current_version: NO_VERSION, new_version: NO_VERSION, resumes: null });
  await withEnd(bucket.now, work, (end) => emit("action.finished", { ...unit, ...end }));
}

function forget(run: Run, allocation: Allocation): void {
  const { store } = run.bucket;
  store.transaction(() => {
    store.promoted.forget(allocation.id);
    store.catalog.forget(allocation);
    if (!run.catalog.workers.some(({ host }) => host === allocation.host)) store.deliveries.forget(allocation.host);
  });
}
