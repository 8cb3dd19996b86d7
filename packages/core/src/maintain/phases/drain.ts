import { asMaandError, outcomeOf, stopIfInterrupted } from "../../bucket/outcome.ts";
import { refusalOf, stopChanges } from "../../deploy/permission.ts";
import { stopOne } from "../../deploy/stop-and-remove.ts";
import { stopError } from "../../deploy/stop-failed.ts";
import { groupBy } from "../../domain/group-by.ts";
import { isParked } from "../../domain/release/hold.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import { type StoppingAllocation, stopOf } from "../../plan/stopping.ts";
import { checkHealth } from "../../run/check-health.ts";
import { type Run, workerOf } from "../../run/run.ts";
import { scopedJobContext } from "../../run/scope/scoped-job-context.ts";
import type { Session } from "../session.ts";
import { stoppedByHand } from "../stopped-by-hand.ts";

const REASON = "its worker is in maintenance";

/**
 * Stops everything that may run on a worker, with its hooks, the last wave first, and checks the health of what remains of these jobs
 * on other workers. What ran until now is recorded first: only that is started again later.
 */
export async function drain(session: Session, host: string): Promise<void> {
  const run = session.view(host);
  run.refresh();
  await run.connections.ready(workerOf(run, host));
  const entries = drainedBy(run, host);
  const own = entries.filter((entry) => isRunning(run, entry));
  run.bucket.store.maintenance.intendStops(
    session.number,
    host,
    own.map(({ allocation }) => allocation.id),
  );
  const waves = [...groupBy(entries, ({ job }) => job.deploymentSeq)].sort(([a], [b]) => b - a);
  for (const [deploymentSeq, wave] of waves) await stopWave(run, deploymentSeq, wave);
  run.refresh();
  await checkRemaining(session, new Set(own.map(({ job }) => job)));
}

/** What may run on a worker, by its records. What a person stopped by hand is left as it is. */
export function drainedBy(run: Run, host: string): StoppingAllocation[] {
  const byHand = stoppedByHand(run);
  return run.catalog.allocations.flatMap((allocation): StoppingAllocation[] => {
    const job = run.jobs.get(allocation.job);
    if (allocation.host !== host || !job || byHand.has(allocation.id)) return [];
    const state = stopOf(run.recorded(allocation.id));
    return state.stop || state.notify ? [{ allocation, job, ...state, remove: false, reason: REASON }] : [];
  });
}

/** Whether an allocation is in service until now: not one that is disabled, removed or held and only not stopped yet. */
function isRunning(run: Run, { allocation, job }: StoppingAllocation): boolean {
  const { promoted } = run.recorded(allocation.id);
  return !allocation.removed && !allocation.disabled && !isParked(job) && promoted?.stopped === false;
}

async function stopWave(run: Run, deploymentSeq: number, wave: readonly StoppingAllocation[]): Promise<void> {
  stopIfInterrupted(run.bucket.signal);
  const asked = wave.filter(({ stop }) => stop);
  const refusal = asked.length > 0 ? await refusalOf(run, stopChanges(run, deploymentSeq, asked)) : undefined;
  if (refusal) throw refusal;
  const ended = await Promise.allSettled(wave.map((entry) => stopEntry(run, entry)));
  const failed = ended.flatMap((result) => (result.status === "rejected" ? [asMaandError(result.reason)] : []));
  const first = failed.find(({ code }) => code !== "INTERRUPTED") ?? failed[0];
  if (first) throw first;
  const [hook] = run.ledger.summary().failures;
  if (hook) throw new MaandError({ ...hook, message: `${hook.job} was stopped, but then: ${hook.message}` });
  stopIfInterrupted(run.bucket.signal);
}

async function stopEntry(run: Run, entry: StoppingAllocation): Promise<void> {
  try {
    await stopOne(run, entry);
  } catch (cause) {
    const outcome = outcomeOf(cause);
    throw outcome === "interrupted" || outcome === "unreachable" ? cause : stopError(cause, entry);
  }
}

/** What remains of the drained jobs on other workers must be healthy before anything else goes down. */
async function checkRemaining(session: Session, jobs: ReadonlySet<Job>): Promise<void> {
  const run = session.view();
  const ended = await Promise.all(
    [...jobs].map(async (job) => {
      const active = (run.allocationsOf.get(job.name) ?? []).filter(
        ({ id, disabled }) => !disabled && run.recorded(id).promoted?.stopped === false,
      );
      return active.length === 0 ? undefined : (await checkHealth(run, scopedJobContext(run, job), active, true)).cause;
    }),
  );
  stopIfInterrupted(run.bucket.signal);
  const cause = ended.find((one) => one !== undefined);
  if (cause) throw cause;
}
