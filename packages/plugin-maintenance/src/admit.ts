import {
  budgetedJobsOn,
  type DowntimeAnswer,
  type DowntimeRequest,
  type DowntimeUnit,
  type Run,
  requestDowntime,
  settle,
} from "@maand/core/operator";
import type { MaintainedWorker } from "@maand/core/readonly";
import type { Session } from "./session.ts";
import { requestDowntimeWhenFree } from "./wait-for-downtime.ts";

/** The name of the maintenance in messages that refuse other commands. */
const BY = "maintenance";

/** The workers that may begin now; or no worker, with the reason, if the budget of a job does not allow it. */
export interface Admission {
  readonly hosts: readonly string[];
  readonly refusal: string | undefined;
}

/**
 * Requests the availability budget for waiting workers, each as one unit, in order. While other workers are under way,
 * a refusal is not a problem, because those workers will finish. If no worker is under way, it waits for the budget,
 * unless workers that this maintenance keeps out of service use it up.
 */
export async function admit(
  session: Session,
  waiting: readonly MaintainedWorker[],
  { free, isAlone }: { readonly free: number; readonly isAlone: boolean },
): Promise<Admission> {
  const run = session.view();
  const units = waiting.map(({ host }) => unitOf(run, host));
  const first = await requestDowntime(run, requestOf(units.slice(0, free)));
  if (first.granted.length > 0 || !isAlone) return admission(first);
  if (isStuck(session, first)) return admission(first);
  const found = await whenFree(session, run, units);
  const [taken, more] = [found.granted.slice(0, free), found.granted.slice(free)];
  settle(run, more);
  return admission({ ...found, granted: taken });
}

/**
 * Requests the availability budget for a worker that an earlier run began but did not drain completely. Allocations
 * that are already stopped do not count. Waits like {@link admit}. Throws BUDGET_EXCEEDED and INTERRUPTED.
 */
export async function admitAgain(session: Session, host: string): Promise<void> {
  const run = session.view(host);
  const units = [unitOf(run, host)];
  const first = await requestDowntime(run, requestOf(units));
  if (first.granted.length > 0) return;
  const { refused } = isStuck(session, first) ? first : await whenFree(session, run, units);
  for (const { error } of refused) throw error;
}

function whenFree({ request }: Session, run: Run, units: readonly DowntimeUnit[]): Promise<DowntimeAnswer> {
  const { log } = run.reporter.context({});
  const patience = {
    limitMs: request.returnMs,
    report: (message: string) => log(`waiting for the availability budget: ${message}`),
  };
  return requestDowntimeWhenFree(run, requestOf(units), patience);
}

/** The unit of a worker: all its jobs in service are stopped together, or no job is stopped. */
function unitOf(run: Run, host: string): DowntimeUnit {
  return { host, jobs: budgetedJobsOn(run, host) };
}

function requestOf(units: readonly DowntimeUnit[]): DowntimeRequest {
  return { kind: "worker", units, by: BY, recordAs: "maintenance", isFresh: true };
}

function admission({ granted, refused }: DowntimeAnswer): Admission {
  const [first] = refused;
  const refusal = first && `${first.error.message}; ${first.error.hint}`;
  return { hosts: granted.map(({ host }) => host), refusal };
}

/**
 * Whether the budget is used up by workers that stay out of service until an operator resumes or aborts the
 * maintenance.
 */
function isStuck({ workers }: Session, { refused }: DowntimeAnswer): boolean {
  const kept = new Set(
    workers.filter(({ state }) => state === "set_aside" || state === "drained").map(({ host }) => host),
  );
  return refused.every(
    ({ refusal }) =>
      refusal.kind === "budget" && refusal.away.filter(({ host }) => kept.has(host)).length >= refusal.budget.size,
  );
}
