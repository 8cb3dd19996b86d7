import type { MaandEvent } from "@maand/core";
import { withFailure, withJob, withoutStep, withStep } from "./change.ts";
import type { JobProgress, JobState, Progress } from "./model.ts";

/** The model after an event of a job's rollout; unchanged by other events. */
export function foldRollout(model: Progress, event: MaandEvent, at: number): Progress {
  switch (event.type) {
    case "job.skipped": {
      const jobs = new Map(model.jobs);
      jobs.delete(event.job);
      return { ...model, jobs, unchanged: model.unchanged + 1 };
    }
    case "job.blocked":
      return withJob(model, event.job, () => ({ state: "blocked", note: `depends on ${event.by}`, ended: at }));
    case "job.started":
      return withJob(model, event.job, () => ({ ...fresh(at), total: event.allocations }));
    case "batch.started":
      return withJob(model, event.job, () => ({ note: `batch ${event.index + 1} of ${event.count}` }));
    case "job.finished":
      return finished(model, event, at);
    case "revert.started": {
      const note = event.to === null ? "stopping what was started" : `reverting to ${event.to}`;
      return withJob(model, event.job, () => ({ state: "reverting", note }));
    }
    case "revert.finished":
      return withJob(model, event.job, () => ({
        state: event.outcome === "reverted" ? "reverted" : "failed",
        note: event.outcome === "reverted" ? "" : "the revert failed",
      }));
    default:
      return foldSteps(model, event, at);
  }
}

function fresh(at: number): Pick<JobProgress, "state" | "since" | "ended" | "done" | "failed" | "note"> {
  return { state: "running", since: at, ended: undefined, done: 0, failed: 0, note: "" };
}

const ENDS: Readonly<Record<string, JobState>> = {
  ok: "ok",
  paused: "paused",
  blocked: "blocked",
  reverted: "reverted",
};

function finished(model: Progress, event: Extract<MaandEvent, { type: "job.finished" }>, at: number): Progress {
  const { job, outcome, message } = event;
  const next = withJob(withoutStep(model, `rollout ${job}`), job, ({ note }) => ({
    state: ENDS[outcome] ?? "failed",
    ended: at,
    note: outcome === "ok" || outcome === "failed" ? "" : note,
  }));
  if (ENDS[outcome] !== undefined || message === null) return next;
  const isKnown = next.failures.some((failure) => failure.job === job);
  return isKnown ? next : withFailure(next, { what: job, job, workers: [], message, lines: [] });
}

function foldSteps(model: Progress, event: MaandEvent, at: number): Progress {
  switch (event.type) {
    case "rollout.step":
      return withJob(withoutStep(model, `rollout ${event.job}`), event.job, () => ({ note: stepOf(event) }));
    case "rollout.soaking":
      return rolloutStep(model, event, at, `soaks for ${event.seconds} s`, "its health");
    case "rollout.waiting":
      return rolloutStep(model, event, at, "waits", `${event.until.slice(11, 19)} UTC`);
    case "rollout.paused":
      return withJob(withoutStep(model, `rollout ${event.job}`), event.job, () => ({
        state: "paused",
        note: `paused at ${stepOf(event)}`,
      }));
    default:
      return model;
  }
}

type Timed = Extract<MaandEvent, { type: "rollout.soaking" | "rollout.waiting" }>;

function rolloutStep(model: Progress, event: Timed, at: number, does: string, waitsFor: string): Progress {
  const { job } = event;
  const step = { kind: "rollout" as const, what: `${job} ${does}`, job, worker: undefined, since: at, waitsFor };
  return withJob(withStep(model, `rollout ${job}`, step), job, () => ({ note: stepOf(event) }));
}

function stepOf({ step, steps }: { readonly step: number; readonly steps: number }): string {
  return `step ${step} of ${steps}`;
}
