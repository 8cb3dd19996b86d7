import pLimit from "p-limit";
import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { HealthResult } from "../plugin-api/contexts.ts";
import { checkHealth, type HealthSource } from "../run/check-health.ts";
import { openCommandRun } from "../run/command-run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { refuseUnknown } from "../run/select.ts";
import { reach } from "../run/wait-until-reachable.ts";

/** The result of `maand health_check`. */
export interface HealthReport {
  readonly workers: readonly { readonly host: string; readonly ok: boolean; readonly message: string }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly outcome: "passed" | "failed" | "skipped";
    readonly message: string;
    readonly checks: readonly HealthResult[];
  }[];
}

/** The number of attempts for each worker, with `wait`. */
const ATTEMPTS = 30;

/** Number of jobs checked in parallel. */
const JOBS_AT_ONCE = 16;

/** The jobs to check, and whether to wait until they are healthy. An empty list means all jobs. */
export interface HealthCheckOptions {
  readonly jobs: readonly string[];
  readonly wait: boolean;
}

/**
 * Checks that every worker of the given jobs is reachable, or every worker if no job is given, and then checks the
 * jobs. The check changes nothing, so it takes no lock. It connects to the workers instead of only trying their port,
 * because a hung sshd accepts connections.
 */
export async function healthCheck(bucket: Bucket, options: HealthCheckOptions): Promise<HealthReport> {
  const reporter = runReporter(bucket, "health_check");
  const source = openCommandRun(bucket, reporter, { pid: bucket.pid });
  refuseUnknown(
    "job",
    "--jobs",
    options.jobs,
    source.catalog.jobs.map((job) => job.name),
  );
  try {
    const report = await probeHealth(source, options);
    stopIfInterrupted(bucket.signal); // an interrupted check is inconclusive
    return bucket.mask.conceal(report);
  } finally {
    await source.end();
  }
}

/** The same check within a run that has its own connections. */
export async function probeHealth(source: HealthSource, options: HealthCheckOptions): Promise<HealthReport> {
  const jobs = source.catalog.jobs.filter((job) => options.jobs.length === 0 || options.jobs.includes(job.name));
  const wanted = new Set(jobs.flatMap((job) => activeOf(source, job).map(({ host }) => host)));
  const concerned = source.catalog.workers.filter((worker) => options.jobs.length === 0 || wanted.has(worker.host));
  const patience = options.wait ? { attempts: ATTEMPTS, report: retrying } : undefined;
  const workers = await Promise.all(
    concerned.map(async (worker) => {
      const failure = await reach(source, worker, patience);
      return { host: worker.host, ok: failure === undefined, message: failure?.message ?? "answers" };
    }),
  );
  const side = pLimit(JOBS_AT_ONCE);
  return { workers, jobs: await Promise.all(jobs.map((job) => side(() => checkJob(source, job, options.wait)))) };
}

function retrying(attempt: number, message: string): string {
  return `worker health check failed (attempt ${attempt}/${ATTEMPTS}), retrying: ${message}`;
}

function activeOf({ allocationsOf }: HealthSource, job: Job): readonly Allocation[] {
  return (allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
}

async function checkJob(source: HealthSource, job: Job, wait: boolean): Promise<HealthReport["jobs"][number]> {
  const active = activeOf(source, job);
  if (active.length === 0) return { job: job.name, outcome: "skipped", message: "no active allocations", checks: [] };
  const { verdict, results, cause } = await checkHealth(source, scopedJobContext(source, job), active, wait);
  const message = cause?.message ?? (verdict === "skipped" ? "no health_check config or commands" : "");
  return { job: job.name, outcome: verdict, message, checks: results };
}

/** Describes the problem of a report in a sentence; undefined if everything is healthy. */
export function unhealthyReason({ workers, jobs }: HealthReport): string | undefined {
  const worker = workers.find(({ ok }) => !ok);
  if (worker) return worker.message;
  return jobs.find(({ outcome }) => outcome === "failed")?.message;
}
