import { asMaandError } from "../bucket/outcome.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { HealthResult, VerifyContext } from "../plugin-api/contexts.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { workerOf } from "./run.ts";
import type { ScopeSource } from "./scope/contexts.ts";
import { scopedJobContext } from "./scope/scoped-job-context.ts";

/** What a job's health check found. */
export interface HealthFinding {
  readonly outcome: "passed" | "failed" | "skipped";
  /** The last word of each check on each worker. */
  readonly results: readonly HealthResult[];
  readonly cause?: unknown;
}

/** What checking health needs of a run; the health command has no run that could change anything. */
export type HealthSource = ScopeSource;

/** Asks all `verify` taps about a job. Nobody reporting anything means that it has no checks (deploy.md 5). */
export async function checkHealth(
  run: HealthSource,
  job: Job,
  active: readonly Allocation[],
  wait: boolean,
): Promise<HealthFinding> {
  const { reporter, bucket } = run;
  const results = new Map<string, HealthResult>();
  const began = bucket.now().getTime();
  const context: VerifyContext = Object.freeze({
    ...scopedJobContext(run, job),
    active,
    wait,
    remote: (host: string) => run.connections.connect(workerOf(run, host)),
    report(result: HealthResult) {
      results.set(`${result.host} ${result.type} ${result.target}`, result);
      reporter.emit("health.checked", {
        job: job.name,
        worker: result.host,
        check: result.type,
        target: result.target,
        ok: result.ok,
        message: result.message,
      });
    },
  });
  if (isTapped(bucket.hooks.verify) && active.length > 0) reporter.emit("health.started", { job: job.name });
  const cause =
    active.length === 0 ? undefined : await bucket.hooks.verify.promise(context).then(() => undefined, asMaandError);
  const outcome = cause ? "failed" : results.size > 0 ? "passed" : "skipped";
  reporter.emit("health.finished", {
    job: job.name,
    outcome,
    message: cause?.message ?? null,
    duration_ms: bucket.now().getTime() - began,
  });
  return cause ? { outcome, results: [...results.values()], cause } : { outcome, results: [...results.values()] };
}
