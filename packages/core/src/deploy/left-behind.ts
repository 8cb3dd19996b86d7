import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { allowedCount } from "../domain/workspace/share.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import { MaandError } from "../errors.ts";
import { workersOf } from "../plan/drift/verified-workers.ts";
import type { Wave } from "../plan/waves.ts";
import { limitToHosts, narrowed, type WorkerLimit } from "../plan/worker-limit.ts";
import type { Run } from "../run/run.ts";
import { deployments } from "../store/views/deployments.ts";

interface Reach {
  readonly waves: readonly Wave[];
  readonly limit: WorkerLimit | undefined;
  /** The number of workers that may be unreachable, such as `2` or `10%`. */
  readonly most: string;
}

/**
 * Connects to every worker of a deploy before the deploy changes anything (`--max-unreachable`). Returns the limit
 * without the unreachable workers. Throws UNREACHABLE if more workers are unreachable than allowed, and USAGE if `most`
 * is neither a number nor a percentage.
 */
export async function withoutUnreachable(run: Run, { waves, limit, most }: Reach): Promise<WorkerLimit | undefined> {
  const jobs = waves.flatMap((wave) => wave.jobs.map(({ name }) => name));
  const workers = workersOf(run, jobs, limit);
  const allowed = allowedCount(most, workers.length);
  if (allowed === undefined)
    throw new MaandError({
      code: "USAGE",
      message: `--max-unreachable ${most} is not a number of workers`,
      hint: "write a whole number such as 2, or a share such as 10%",
    });
  const away = new Map<string, string>();
  await Promise.all(workers.map((worker) => connect(run, worker, away)));
  stopIfInterrupted(run.bucket.signal);
  if (away.size > allowed) throw tooMany(away, workers.length, allowed);
  for (const [host, reason] of away) run.ledger.warn(`${host} is left behind: ${reason}`);
  if (away.size === 0) return limit;
  const reached = run.catalog.workers.map(({ host }) => host).filter((host) => !away.has(host));
  return narrowed(limit, limitToHosts(run, new Set(reached)));
}

async function connect(run: Run, worker: Worker, away: Map<string, string>): Promise<void> {
  try {
    await run.connections.connect(worker);
  } catch (cause) {
    if (asMaandError(cause).code === "INTERRUPTED") throw cause;
    away.set(worker.host, asMaandError(cause).message);
  }
}

function tooMany(away: ReadonlyMap<string, string>, all: number, allowed: number): MaandError {
  const named = [...away].slice(0, 3).map(([host, reason]) => `${host}: ${reason}`);
  const more = away.size > named.length ? `; and ${away.size - named.length} more` : "";
  return new MaandError({
    code: "UNREACHABLE",
    message: `${away.size} of ${all} ${all === 1 ? "worker" : "workers"} cannot be reached, and --max-unreachable allows ${allowed}: ${named.join("; ")}${more}`,
    hint: "nothing was changed; repair the workers, or allow more",
  });
}

/**
 * Records the workers that a deploy could not reach, and deletes the records of workers that are up to date again. A
 * worker is up to date if nothing is pending on it, even if this run did not reach it.
 */
export function recordLeftBehind(run: Run): void {
  const { store } = run.bucket;
  const away = [...run.connections.failures()].filter(([, cause]) => AWAY.has(outcomeOf(cause)));
  for (const [host, cause] of away)
    store.leftBehind.note(host, run.bucket.mask.text(asMaandError(cause).message), run.at());
  const isAway = new Set(away.map(([host]) => host));
  const known = [...store.leftBehind.all().keys()].filter((host) => !isAway.has(host));
  if (known.length === 0) return;
  const pending = new Set(deployments(store).flatMap(({ host, rollout }) => (DONE.has(rollout) ? [] : [host])));
  for (const host of known) if (!pending.has(host)) store.leftBehind.clear(host);
  store.leftBehind.sweep();
}

const AWAY: ReadonlySet<string> = new Set(["unreachable", "timed_out", "disconnected"]);
/** States of allocations on which nothing is pending. */
const DONE: ReadonlySet<string> = new Set(["promoted", "disabled"]);
