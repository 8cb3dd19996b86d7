import { Stager } from "../deploy/stage/stage.ts";
import type { Decision } from "../domain/deploy/plan.ts";
import { MaandError } from "../errors.ts";
import { differences } from "../jobs/sync-check.ts";
import { noteDifference } from "../plan/drift/note-difference.ts";
import { type PlannedJob, pendingOf, planJob } from "../plan/plan-job.ts";
import { type Run, workerOf } from "../run/run.ts";
import type { StartOptions, StoppedAllocation } from "./stopped-allocation.ts";

const SYNC: Decision = {
  action: "sync",
  reasons: ["its files on the worker are not those that ran"],
  matched: [],
  files: [],
  priority: false,
};

/**
 * Compares a worker with its last sync, and syncs missing files that its jobs ran with. Throws OUT_OF_SYNC for lost
 * files if the bucket has newer ones, because only a deploy decides which version runs.
 */
export async function bringInSync(run: Run, host: string, options: Omit<StartOptions, "onStarted">): Promise<void> {
  const worker = workerOf(run, host);
  const remote = await run.connections.ready(worker);
  const began = run.bucket.now().getTime();
  const found = run.delivery(host) === undefined ? [] : await differences(run, remote, worker.workerId);
  const message = found.length === 0 ? null : found.map((one) => one.message).join("; ");
  const duration_ms = run.bucket.now().getTime() - began;
  run.reporter.emit("worker.checked", { worker: host, ok: found.length === 0, message, duration_ms });
  const isLost = found.some(({ lost }) => lost);
  if (found.length > 0) noteDifference(run, host, isLost);
  run.refresh();
  const missing = options.stopped.filter(({ allocation, isStopped }) => isStopped && isMissing(run, allocation.id));
  const plans: PlannedJob[] = [];
  for (const one of missing) plans.push(await planOne(run, one, options.newerFilesHint));
  const stager = new Stager(run);
  if (plans.length > 0) await stager.stageWave(plans);
  else if (found.length > 0) await stager.stageMetadata(worker);
  for (const warning of stager.warnings()) run.reporter.context({ worker: host }).log(warning);
  const failed = run.ledger.summary().allocations.find(({ outcome }) => outcome !== "ok");
  if (failed)
    throw new MaandError({
      code: "STAGE_FAILED",
      message: failed.message ?? `${failed.job} cannot be synced`,
      worker: host,
    });
  run.refresh();
}

/** Whether the files on the worker differ from the files that ran, or are unknown. */
function isMissing(run: Run, allocation: string): boolean {
  const { promoted, staged } = run.recorded(allocation);
  return staged !== promoted?.digest;
}

/** The files that ran, if the bucket still renders the same ones. */
async function planOne(run: Run, { job, allocation }: StoppedAllocation, hint: string): Promise<PlannedJob> {
  const plan = await planJob(run, job, { force: false, syncOnly: true }, pendingOf(run.bucket));
  const planned = plan.allocations.find((one) => one.allocation.id === allocation.id);
  const { promoted } = run.recorded(allocation.id);
  if (!planned || planned.target.digest !== promoted?.digest || planned.target.version !== promoted.version)
    throw new MaandError({
      code: "OUT_OF_SYNC",
      message: `the files that ${job.name} ran with are no longer on ${allocation.host}, and the bucket has newer ones`,
      worker: allocation.host,
      hint,
    });
  return { ...plan, allocations: [{ ...planned, decision: SYNC }] };
}
