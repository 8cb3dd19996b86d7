import pLimit from "p-limit";
import type { HealthResult } from "../contexts.ts";
import type { Job } from "../domain/job.ts";
import { checkHealth } from "./check-health.ts";
import { Connections } from "./connections.ts";
import { type Maand, runFrame } from "./maand.ts";
import { asMaandError } from "./outcome.ts";
import { knownOf, memoryOf } from "./run.ts";
import { refuseUnknown } from "./select.ts";

/** What `maand health_check` found. */
export interface HealthReport {
  readonly workers: readonly { readonly host: string; readonly ok: boolean; readonly message: string }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly outcome: "passed" | "failed" | "skipped";
    readonly message: string;
    readonly checks: readonly HealthResult[];
  }[];
}

/** Jobs asked side by side. */
const JOBS_AT_ONCE = 16;

/**
 * Asks every worker the jobs are on whether it answers, and then the jobs (deploy.md 5). Nothing is changed, so no lock is
 * taken. Workers are connected, not only their port tried: a hung sshd does not pass.
 */
export async function healthCheck(
  maand: Maand,
  wish: { readonly jobs: readonly string[]; readonly wait: boolean },
): Promise<HealthReport> {
  const frame = runFrame(maand, "health_check");
  const connections = new Connections(frame);
  const source = { maand, frame, connections, ...knownOf(maand.store.catalog.read()), ...memoryOf(maand) };
  refuseUnknown(
    "job",
    "--jobs",
    wish.jobs,
    source.catalog.jobs.map((job) => job.name),
  );
  try {
    const jobs = source.catalog.jobs.filter((job) => wish.jobs.length === 0 || wish.jobs.includes(job.name));
    const wanted = new Set(jobs.flatMap((job) => activeOf(job).map(({ host }) => host)));
    const concerned = source.catalog.workers.filter((worker) => wish.jobs.length === 0 || wanted.has(worker.host));
    const workers = await Promise.all(
      concerned.map(async (worker) =>
        connections.connect(worker).then(
          () => ok(worker.host),
          (cause: unknown) => notOk(worker.host, cause),
        ),
      ),
    );
    const side = pLimit(JOBS_AT_ONCE);
    return { workers, jobs: await Promise.all(jobs.map((job) => side(() => one(job)))) };
  } finally {
    await connections.close();
  }

  function activeOf(job: Job) {
    return (source.allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
  }

  async function one(job: Job): Promise<HealthReport["jobs"][number]> {
    const active = activeOf(job);
    if (active.length === 0) return { job: job.name, outcome: "skipped", message: "no active allocations", checks: [] };
    const { outcome, results, cause } = await checkHealth(source, job, active, wish.wait);
    const message = cause
      ? asMaandError(cause).message
      : outcome === "skipped"
        ? "no health_check config or commands"
        : "";
    return { job: job.name, outcome, message, checks: results };
  }
}

function ok(host: string) {
  return { host, ok: true, message: "answers" };
}

function notOk(host: string, cause: unknown) {
  return { host, ok: false, message: asMaandError(cause).message };
}
