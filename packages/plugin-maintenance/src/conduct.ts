import { type MaintainedWorker, progressText } from "@maand/core/readonly";
import { admit } from "./admit.ts";
import { limitText } from "./domain/failure-limit.ts";
import { isOver, mayBegin, remainingOf } from "./domain/remaining.ts";
import { phasesOf } from "./domain/request.ts";
import { maintainWorker } from "./maintain-worker.ts";
import { releaseWorker } from "./release-worker.ts";
import type { Session } from "./session.ts";

/**
 * Carries out the rest of the maintenance: first the workers that an earlier run began, then the waiting workers, as
 * many in parallel as requested and as the budget allows. Returns why workers still wait; undefined if no worker waits,
 * or after an interruption.
 */
export async function conduct(session: Session): Promise<string | undefined> {
  const { run, request } = session;
  const { toContinue, toBegin } = remainingOf(session.workers);
  announce(session, [...toContinue, ...toBegin]);
  const waiting = toBegin.filter((worker) => isThere(session, worker));
  const underWay = new Map<string, Promise<void>>();
  const begin = (worker: MaintainedWorker) => {
    const work = maintainOne(session, worker).finally(() => underWay.delete(worker.host));
    underWay.set(worker.host, work);
  };
  const queue = [...toContinue];
  for (;;) {
    while (queue.length > 0 && underWay.size < request.concurrency && !run.bucket.signal.aborted) {
      const next = queue.shift();
      if (next) begin(next);
    }
    const why = queue.length > 0 ? undefined : await beginWaiting(session, waiting, underWay, begin);
    if (underWay.size === 0) return run.bucket.signal.aborted ? undefined : why;
    await Promise.race(underWay.values()).catch(async (cause: unknown) => {
      await Promise.allSettled(underWay.values());
      throw cause;
    });
  }
}

type Begin = (worker: MaintainedWorker) => void;

/** Begins waiting workers, if the limit of failures and the budget allow it. Returns the reason if it does not. */
async function beginWaiting(
  session: Session,
  waiting: MaintainedWorker[],
  underWay: ReadonlyMap<string, unknown>,
  begin: Begin,
): Promise<string | undefined> {
  const { request, run } = session;
  const free = request.concurrency - underWay.size;
  if (waiting.length === 0 || free <= 0 || run.bucket.signal.aborted) return undefined;
  if (!mayBegin(request, session.workers)) return `no further worker is started: ${progressText(session.workers)}`;
  const admission = await admit(session, waiting, { free, isAlone: underWay.size === 0 }).catch((cause: unknown) => {
    if (run.bucket.signal.aborted) return undefined;
    throw cause;
  });
  if (!admission) return undefined;
  const { hosts, refusal } = admission;
  for (const host of hosts) {
    const at = waiting.findIndex((worker) => worker.host === host);
    for (const worker of waiting.splice(at, 1)) begin(worker);
  }
  return hosts.length > 0 ? undefined : refusal;
}

async function maintainOne(session: Session, worker: MaintainedWorker): Promise<void> {
  await maintainWorker(session, worker);
  if (session.worker(worker.host).state === "done") releaseWorker(session, worker.host);
}

/** Whether a worker still exists. A worker that was removed from the workspace while it waited is left out. */
function isThere(session: Session, { host }: MaintainedWorker): boolean {
  if (session.run.catalog.workers.some((worker) => worker.host === host)) return true;
  session.move(host, { state: "aborted", message: "it was removed from workspace/workers.json" });
  return false;
}

function announce({ run, number, request }: Session, workers: readonly MaintainedWorker[]): void {
  run.reporter.emit("maintenance.planned", {
    number,
    workers: workers.map(({ host }) => host),
    concurrency: request.concurrency,
    steps: phasesOf(request),
    stops_when: limitText(request.onFailure),
  });
}

/** The result of a maintenance run. */
export interface MaintenanceReport {
  readonly number: number;
  readonly outcome: "ok" | "failed" | "interrupted" | "aborted";
  /** Whether nothing of the maintenance is left to do. */
  readonly isOver: boolean;
  readonly workers: readonly MaintainedWorker[];
  /** The reason why workers still wait. */
  readonly message: string | undefined;
}

/** Closes the maintenance if it is over, and reports the result of this run. */
export function conclude(session: Session, message: string | undefined, aborted = false): MaintenanceReport {
  const { run, number, workers } = session;
  const { bucket, reporter } = run;
  const over = isOver(workers);
  if (over) bucket.store.maintenance.close(number, aborted ? "aborted" : "ok", run.at());
  const isFailed = workers.some(({ state }) => state === "set_aside" || state === "waiting" || state === "under_way");
  const outcome = aborted ? "aborted" : bucket.signal.aborted ? "interrupted" : isFailed ? "failed" : "ok";
  reporter.emit("maintenance.finished", {
    ...{ number, outcome, is_over: over, message: message ?? null },
    workers: workers.map(({ host, state, phase, message: why = null }) => ({
      worker_ip: host,
      ...{ state, step: phase, message: why },
    })),
    duration_ms: bucket.now().getTime() - reporter.startedAt.getTime(),
  });
  return { number, outcome, isOver: over, workers, message };
}
