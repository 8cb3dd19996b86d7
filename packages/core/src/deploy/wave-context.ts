import { NO_VERSION } from "../domain/deploy/version.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { WaveContext } from "../plugin-api/contexts.ts";
import { workerOf } from "../run/run.ts";
import type { ContextSource } from "../run/scope/contexts.ts";

/** Context of a wave that is about to begin. */
export function waveContext(run: ContextSource, deploymentSeq: number, plans: readonly PlannedJob[]): WaveContext {
  const jobs = plans.map(({ job, allocations }) => ({
    job,
    allocations: allocations
      .filter(({ decision }) => decision.action !== "skip")
      .map(({ allocation, decision }) => ({
        worker: workerOf(run, allocation.host),
        action: decision.action,
        currentVersion: run.recorded(allocation.id).promoted?.version ?? NO_VERSION,
      })),
  }));
  return Object.freeze({ ...run.reporter.context({}), wave: { deploymentSeq, jobs } });
}
