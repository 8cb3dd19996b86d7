import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { HealthResult } from "../contexts.ts";
import type { Job } from "../domain/job.ts";
import type { Worker } from "../domain/worker.ts";
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

/** How often a worker is asked with `wait`, and the milliseconds between (deploy.md 5). */
const ATTEMPTS = 30;
const RETRY_MS = 1_000;

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
    const workers = await Promise.all(concerned.map((worker) => reach(worker)));
    const side = pLimit(JOBS_AT_ONCE);
    return maand.mask.conceal({ workers, jobs: await Promise.all(jobs.map((job) => side(() => one(job)))) });
  } finally {
    await connections.close();
  }

  /** Asks a worker; with `wait` again and again, as one that is just starting up will answer soon. */
  async function reach(worker: Worker): Promise<HealthReport["workers"][number]> {
    for (let attempt = 1; ; attempt += 1) {
      const failure = await connections.connect(worker).then(
        () => undefined,
        (cause: unknown) => notOk(worker.host, cause),
      );
      if (!failure) return ok(worker.host);
      if (!wish.wait || attempt === ATTEMPTS || maand.signal.aborted) return failure;
      frame
        .context({ worker: worker.host })
        .log(`worker health check failed (attempt ${attempt}/${ATTEMPTS}), retrying`);
      await sleep(RETRY_MS, undefined, { signal: maand.signal }).catch(() => undefined);
      connections.forget(worker.host);
    }
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
