import { addFailure } from "./add-failure.ts";
import type { RunEvent } from "./run-event.ts";
import type { JobHistory, RunHistory } from "./run-history.ts";

/** Adds an event of a job's rollout; returns false for other events. */
export function foldRollout(history: RunHistory, event: RunEvent): boolean {
  if (event.type === "wave.started") {
    history.wave += 1;
    for (const job of event.jobs ?? []) if (!history.jobs.has(job)) history.setJob(job, "waiting");
    return true;
  }
  const job = event.job;
  if (typeof job !== "string") return false;
  switch (event.type) {
    case "job.skipped":
      history.setJob(job, "skipped", "nothing to do");
      return true;
    case "job.blocked":
      history.setJob(job, "blocked", `depends on ${event.by ?? "another job"}`);
      return true;
    case "job.started":
      history.job(job).planned = { seq: history.seq, total: Number(event.allocations ?? 0) };
      history.setJob(job, "running");
      return true;
    case "batch.started":
      startBatch(history, history.job(job), event);
      return true;
    case "batch.promoted":
      promote(history, history.job(job), event);
      return true;
    case "health.finished":
      if (event.outcome === "failed") history.setJob(job, "running", "health checks failed");
      return true;
    case "job.finished":
      finishJob(history, history.job(job), event);
      return true;
    default:
      return foldSteps(history, job, event);
  }
}

function startBatch(history: RunHistory, job: JobHistory, event: RunEvent): void {
  const [index, count] = [event.index ?? 0, event.count ?? 1];
  const workers = (event.workers ?? []).map(String);
  history.setJob(job.name, "running", `batch ${index + 1} of ${count}`);
  for (const worker of workers) history.setWorker(job.name, worker, "running", "batch began");
  const begin = history.change("running");
  job.batches.push({ job: job.name, index, count, phase: event.phase ?? "", workers, begin, end: undefined });
}

function promote(history: RunHistory, job: JobHistory, event: RunEvent): void {
  const workers = new Set((event.workers ?? []).map(String));
  for (const worker of workers) history.setWorker(job.name, worker, "ok", "promoted");
  const batch = job.batches.findLast(({ end, index }) => end === undefined && index === event.index);
  if (batch) batch.end = history.change(batch.workers.every((worker) => workers.has(worker)) ? "ok" : "failed");
}

function finishJob(history: RunHistory, job: JobHistory, event: RunEvent): void {
  const outcome = event.outcome ?? "ok";
  history.setJob(job.name, outcome, event.message ?? "");
  for (const batch of job.batches) batch.end ??= history.change(outcome);
  const isGood = ["ok", "paused", "blocked", "skipped", "reverted"].includes(outcome);
  const isKnown = history.failures.some((failure) => failure.job === job.name);
  if (!isGood && !isKnown && event.message) addFailure(history, event, job.name);
}

function foldSteps(history: RunHistory, job: string, event: RunEvent): boolean {
  const step = `step ${event.step ?? ""} of ${String(event.steps ?? "")}`;
  switch (event.type) {
    case "rollout.step":
      history.setJob(job, "running", step);
      return true;
    case "rollout.soaking":
      history.setJob(job, "running", `${step} soaks`);
      return true;
    case "rollout.waiting":
      history.setJob(job, "running", `${step} waits`);
      return true;
    case "rollout.paused":
      history.setJob(job, "paused", `paused at ${step}`);
      return true;
    case "revert.started":
      history.setJob(job, "reverting", event.to ? `reverting to ${event.to}` : "stopping what was started");
      return true;
    case "revert.finished":
      history.setJob(job, event.outcome ?? "reverted", event.message ?? "");
      return true;
    default:
      return false;
  }
}
