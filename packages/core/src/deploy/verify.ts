import { asMaandError } from "../bucket/error-outcome.ts";
import { driftKey, type FileDrift } from "../domain/drift/compare-files.ts";
import { driftText } from "../domain/drift/edits.ts";
import { shownPath } from "../domain/workspace/names.ts";
import { type FoundRepair, type FoundRepairs, findRepairs, type RepairMode } from "../plan/drift/find-repairs.ts";
import { noteDifference } from "../plan/drift/note-difference.ts";
import { workersOf } from "../plan/drift/verified-workers.ts";
import type { Wave } from "../plan/waves.ts";
import type { WorkerLimit } from "../plan/worker-limit.ts";
import type { Run } from "../run/run.ts";
import { METADATA_REPAIR } from "../store/fleet/repair-rows.ts";
import type { Stager } from "./stage/stage.ts";

/** The number of identical repairs after which the deploy warns about them. */
const AGAIN = 2;
/** The maximum number of files that a warning names. */
const NAMED_FILES = 2;

/**
 * Inspects the workers before a deploy changes them (`--verify`), and prepares the repair of differences. A worker that
 * cannot be inspected makes the run fail, but blocks nothing.
 */
export async function beginRepairs(
  run: Run,
  waves: readonly Wave[],
  {
    mode,
    again,
    limit,
  }: { readonly mode: RepairMode; readonly again?: boolean | undefined; readonly limit: WorkerLimit | undefined },
): Promise<FoundRepairs> {
  const jobs = waves.flatMap((wave) => wave.jobs.map(({ name }) => name));
  const found = await findRepairs(run, { mode, again, jobs, workers: workersOf(run, jobs, limit) });
  const { store } = run.bucket;
  for (const [host, cause] of found.failed) noteFailed(run, host, jobs, cause);
  store.transaction(() => {
    for (const host of found.metadata.keys()) {
      if (found.lost.has(host)) noteDifference(run, host, mode === "policy");
      else store.deliveries.begin(host);
    }
  });
  for (const [worker, drift] of found.metadata) reportFound(run, worker, null, drift);
  for (const { allocation, drift } of found.allocations.values())
    reportFound(run, allocation.host, allocation.job, drift);
  for (const { allocation, drift, error } of found.recurring) {
    reportFound(run, allocation.host, allocation.job, drift);
    run.ledger.addPendingCleanup(allocation.job, allocation.host, "verify", error);
  }
  run.refresh();
  return found;
}

function noteFailed(
  { allocationsOn, ledger, recorded }: Run,
  host: string,
  jobs: readonly string[],
  cause: unknown,
): void {
  for (const { id, job } of allocationsOn.get(host) ?? [])
    if (jobs.includes(job) && recorded(id).promoted) ledger.addPendingCleanup(job, host, "verify", cause);
  ledger.warn(`${host} was not verified: ${asMaandError(cause).message}`);
}

function reportFound({ reporter }: Run, worker: string, job: string | null, drift: readonly FileDrift[]): void {
  reporter.emit("drift.found", { worker, job, files: drift.map(({ path }) => path) });
}

/** Records what was repaired. Warns about what was not repaired, and about repeated repairs of the same difference. */
export function finishRepairs(run: Run, found: FoundRepairs, stager: Stager): void {
  const { store } = run.bucket;
  store.transaction(() => {
    for (const [host, drift] of found.metadata) {
      if (stager.reached(host)) note(run, host, METADATA_REPAIR, drift);
      else run.ledger.warn(`the metadata on ${host} still differs: ${driftText(drift)}`);
    }
    for (const repair of found.allocations.values()) {
      const { job, host } = repair.allocation;
      if (stager.synced(repair.allocation.id)) note(run, host, job, repair.drift);
      else run.ledger.warn(`${job} on ${host} still differs, ${whyNot(run, repair)}: ${repair.edits.text}`);
    }
    store.repairs.sweep();
  });
}

function note(run: Run, worker: string, job: string, drift: readonly FileDrift[]): void {
  const { times, firstAt } = run.bucket.store.repairs.note(worker, job, driftKey(drift), run.at());
  const files = drift.map(({ path }) => path);
  run.reporter.emit("drift.repaired", {
    worker,
    job: job === METADATA_REPAIR ? null : job,
    files,
    times,
    since: firstAt,
  });
  if (times < AGAIN) return;
  const what = job === METADATA_REPAIR ? "the metadata" : job;
  const named = files.slice(0, NAMED_FILES).map(shownPath).join(", ");
  run.ledger.warn(
    `${what} on ${worker} was repaired ${times} times in the same way since ${firstAt}: something on the worker keeps changing ${named === "" ? "it" : named}; find out what, or list what the job writes itself under "keep" in its manifest`,
  );
}

function whyNot({ ledger }: Run, { allocation: { job, host, disabled } }: FoundRepair): string {
  if (disabled) return "because it is disabled: it is repaired when it is enabled again";
  if (ledger.outcomeOf(job, host) === "paused") return "because a staged rollout has not reached it";
  return "because its repair failed";
}
