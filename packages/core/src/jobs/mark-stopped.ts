import type { Bucket } from "../bucket/bucket.ts";
import { unbuiltParts } from "../bucket/unbuilt.ts";
import { error, type Problem } from "../domain/checks/problem.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import { compareHosts, type Worker } from "../domain/workspace/worker.ts";
import { MaandError, problemsError } from "../errors.ts";
import { type StoppingAllocation, stopOf, stopping } from "../plan/stopping.ts";
import { beginRun, type Run } from "../run/run.ts";
import { refuseUnknown, selectWorkers } from "../run/select.ts";
import { userName } from "../workspace/authorship.ts";

/** The allocations that an operator declares stopped. */
export interface MarkStoppedOptions {
  /** Jobs, including those that were removed from the workspace. */
  readonly jobs: readonly string[];
  /** Workers by host or hostname, including removed ones. Labels and zones are refused. */
  readonly workers: readonly string[];
}

/** The result for one allocation. */
export interface MarkedAllocation {
  readonly job: string;
  readonly host: string;
  /** Whether this command recorded the stop; false if the allocation was not recorded as running. */
  readonly marked: boolean;
  /** Whether the allocation was removed. The next deploy deletes its files on the worker. */
  readonly removed: boolean;
}

/**
 * Records as stopped the allocations that the operator has checked, because their `stop` can no longer succeed. It
 * contacts no worker. The next deploy continues as after a successful stop: it runs the `stopped` hooks, and deletes
 * the files of removed allocations. Throws USAGE without workers. Throws PROBLEMS, before anything is recorded, if the
 * next deploy would start one of the allocations, because its old process might still run. Such an allocation is
 * neither disabled nor removed, and has no pending stop. Also throws PROBLEMS for a job that is not allocated to a
 * worker, and for a worker that is not given by name.
 */
export async function markStopped(bucket: Bucket, options: MarkStoppedOptions): Promise<MarkedAllocation[]> {
  if (options.workers.length === 0)
    throw new MaandError({
      code: "USAGE",
      message: "--mark-stopped needs --allocations: name only workers that you have checked",
      hint: "for example --allocations 10.0.0.2",
    });
  const run = beginRun(bucket, "job stop");
  let outcome = "refused";
  try {
    const chosen = choose(run, options);
    outcome = "failed";
    const marked = record(run, chosen);
    outcome = "ok";
    return marked;
  } finally {
    bucket.store.history.touch(run.fence.number, { jobs: options.jobs, workers: options.workers });
    bucket.store.journal.finishRun(run.number, outcome, run.at());
    await run.end();
  }
}

function choose(run: Run, { jobs, workers }: MarkStoppedOptions): Allocation[] {
  const { allocations } = run.catalog;
  const known = [...new Set(allocations.map(({ job }) => job))];
  refuseUnknown("job", "job", jobs, [...new Set([...run.jobs.keys(), ...known])]);
  const chosen = selectWorkers([...run.workers.values()].sort(byHost), FLAG, workers);
  const at = new Map(allocations.map((allocation) => [`${allocation.job}|${allocation.host}`, allocation]));
  const pairs = jobs.flatMap((job) => chosen.map(({ worker }) => ({ job, host: worker.host })));
  const problems = [
    ...chosen.filter(({ named }) => !named).map(({ worker }) => notNamed(worker.host)),
    ...pairs.flatMap(({ job, host }) => refusal(run, job, host, at.get(`${job}|${host}`))),
  ];
  if (problems.length > 0) throw problemsError(problems);
  return pairs.flatMap(({ job, host }) => at.get(`${job}|${host}`) ?? []);
}

const FLAG = "--allocations";

function byHost(a: Worker, b: Worker): number {
  return compareHosts(a.host, b.host);
}

function notNamed(host: string): Problem {
  return error(
    "not_named",
    FLAG,
    `${host} is selected by a label or zone, not by its name`,
    "name each worker that you have checked",
  );
}

function refusal(run: Run, job: string, host: string, found: Allocation | undefined): Problem[] {
  const where = `${job} on ${host}`;
  if (!found) {
    const hint = `maand cat allocations --jobs ${job} shows where it is`;
    return [error("not_allocated", where, "the job is not allocated there", hint)];
  }
  if (found.removed || found.disabled || pending(run, found)) return [];
  const hint =
    unbuiltParts(run.bucket).length > 0
      ? "the workspace is newer than the build: run maand build first"
      : "list it in workspace/disabled.json and run maand build first, or run maand deploy to repeat what failed";
  const message = "it is neither disabled nor removed, so the next deploy would start it";
  return [error("active_allocation", where, message, hint)];
}

/**
 * What remains to be done to stop an allocation. Includes workers in maintenance, whose allocations a deploy does not
 * stop.
 */
function pending(run: Run, allocation: Allocation): StoppingAllocation | undefined {
  const { id, inMaintenance } = allocation;
  const job = run.jobs.get(allocation.job);
  const { stop } = stopOf(run.recorded(id));
  if (inMaintenance && job && stop)
    return { allocation, job, stop, notify: false, remove: false, reason: "its worker is in maintenance" };
  return stopping(run).find(({ allocation, stop }) => stop && allocation.id === id);
}

/** Records each allocation together with its event, so that a kill between two allocations does no harm. */
function record(run: Run, chosen: readonly Allocation[]): MarkedAllocation[] {
  const by = userName();
  return chosen.map((allocation) => {
    const { job, host, removed } = allocation;
    const entry = pending(run, allocation);
    if (entry) {
      recordOne(run, entry);
      run.reporter.emit("allocation.marked_stopped", { job, worker: host, reason: entry.reason, by });
    }
    return { job, host, marked: entry !== undefined, removed };
  });
}

/**
 * Records the state after a successful stop whose `stopped` hooks have not run yet. An allocation that was never
 * promoted has no such hooks.
 */
function recordOne({ bucket: { store }, number, recorded, at }: Run, { allocation }: StoppingAllocation): void {
  store.transaction(() => {
    store.journal.settle(allocation.id);
    if (recorded(allocation.id).promoted !== undefined) store.journal.recordStop(number, allocation.id, at());
    store.promoted.markStopped(allocation.id);
  });
}
