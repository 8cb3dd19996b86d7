import { asMaandError } from "../bucket/error-outcome.ts";
import { runToEnd } from "../bucket/run-to-end.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import type { MaandError } from "../errors.ts";
import type { HealthResult, VerifyContext } from "../plugin-api/contexts.ts";
import type { ScopedJobContext } from "../plugin-api/scope.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { workerOf } from "./run.ts";
import type { ScopeSource } from "./scope/contexts.ts";

/** The result of a job's health check. */
export interface HealthFinding {
  readonly verdict: "passed" | "failed" | "skipped";
  /** The last result of each check on each worker. */
  readonly results: readonly HealthResult[];
  /** The time between repeated checks, in milliseconds. */
  readonly everyMs: number;
  readonly cause?: MaandError;
}

/** The input of a health check; the health command has no run, because it changes nothing. */
export type HealthSource = ScopeSource;

/** The time between repeated checks if no tap sets one. */
const EVERY_MS = 1000;

/** Runs all `verify` taps for some allocations of a job. A job without results has no checks and counts as skipped. */
export async function checkHealth(
  run: HealthSource,
  context: ScopedJobContext,
  active: readonly Allocation[],
  wait: boolean,
): Promise<HealthFinding> {
  const { reporter, bucket } = run;
  const job = context.job.name;
  const results = new Map<string, HealthResult>();
  const report = (result: HealthResult) => {
    results.set(`${result.host} ${result.type} ${result.target}`, result);
    const { host: worker, type: check, target, ok, message } = result;
    reporter.emit("health.checked", { job, worker, check, target, ok, message });
  };
  let everyMs: number | undefined;
  const checkEvery = (ms: number) => {
    everyMs = Math.max(everyMs ?? 0, ms);
  };
  const remote: VerifyContext["remote"] = (host) => run.connections.connect(workerOf(run, host));
  const verify: VerifyContext = Object.freeze({ ...context, active, wait, remote, report, checkEvery });
  if (isTapped(bucket.hooks.verify) && active.length > 0) reporter.emit("health.started", { job });
  const work = async () => void (active.length > 0 && (await bucket.hooks.verify.promise(verify)));
  const ended = await runToEnd(bucket.now, work);
  const cause = ended.ok ? undefined : asMaandError(ended.cause);
  const verdict = cause ? "failed" : results.size > 0 ? "passed" : "skipped";
  const { message, duration_ms } = ended.end;
  reporter.emit("health.finished", { job, outcome: verdict, message, duration_ms });
  return { verdict, results: [...results.values()], everyMs: everyMs ?? EVERY_MS, ...(cause ? { cause } : {}) };
}
