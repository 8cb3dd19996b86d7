import type { MaandEvent } from "@maand/core";
import type { PrintedLines } from "@maand/core/toolbox";
import { unitOf, withFailure, withJob, withOutput, withoutStep, withStep, withWarning } from "./change.ts";
import { foldOperation } from "./fold-operations.ts";
import { foldRollout } from "./fold-rollout.ts";
import type { Progress } from "./model.ts";

type Of<T extends MaandEvent["type"]> = Extract<MaandEvent, { type: T }>;

/** Returns the model after an event. Uses no clock: all times are from events. */
export function fold(model: Progress, event: MaandEvent): Progress {
  const at = Date.parse(event.at);
  switch (event.type) {
    case "run.started":
      return { ...model, command: event.command, since: at };
    case "run.finished":
      return { ...model, isOver: true, underWay: new Map(), output: new Map() };
    case "warning":
      return withWarning(model, event.message);
    case "tap.waiting":
      return silent(model, event);
    case "worker.connected":
      return { ...model, connected: model.connected + 1 };
    case "worker.failed":
      return withFailure(model, failed(event.outcome, undefined, event.worker, event.message, []));
    case "wave.started":
      return event.jobs.reduce((next, job) => withJob(next, job, (before) => before), {
        ...model,
        wave: model.wave + 1,
        waveJobs: event.jobs,
      });
    case "stage.started":
    case "stage.finished":
      return foldFiles(model, event, at);
    case "action.started":
    case "action.finished":
      return foldAction(model, event, at);
    case "command.started":
    case "command.finished":
      return foldCommand(model, event, at);
    case "health.started":
    case "health.checked":
    case "health.finished":
      return foldHealth(model, event, at);
    case "output":
      return withOutput(model, unitOf(event.job, event.worker), [event.line]);
    default:
      return foldOperation(foldRollout(model, event, at), event, at);
  }
}

/** The model after lines that arrived together. */
export function foldLines(model: Progress, { first, lines }: PrintedLines): Progress {
  return withOutput(model, unitOf(first.job, first.worker), lines);
}

/** The model after Ctrl-C, which no event describes. */
export function interrupted(model: Progress): Progress {
  return { ...model, isStopping: true };
}

function failed(what: string, job: string | undefined, worker: string, message: string, lines: readonly string[]) {
  return { what, job, workers: [worker], message, lines };
}

/** Marks the steps for which a plugin shows no activity. */
function silent(model: Progress, { units, waited_ms, stopping }: Of<"tap.waiting">): Progress {
  const named = new Set(units);
  const underWay = new Map(model.underWay);
  for (const [key, step] of underWay)
    if (named.has(unitOf(step.job, step.worker))) underWay.set(key, { ...step, silentMs: waited_ms });
  return { ...model, underWay, isStopping: model.isStopping || stopping };
}

function foldFiles(model: Progress, event: Of<"stage.started" | "stage.finished">, at: number): Progress {
  const { worker, jobs } = event;
  const key = `files ${worker}`;
  if (event.type === "stage.started") {
    const what = jobs.length === 0 ? "worker files" : "files";
    const next = { ...model, files: { ...model.files, begun: model.files.begun + 1 } };
    return withStep(next, key, { kind: "files", what, job: undefined, worker, since: at, waitsFor: "the transfer" });
  }
  const isGood = event.outcome === "ok";
  const { begun, done, failed: bad } = model.files;
  const files = { begun, done: done + (isGood ? 1 : 0), failed: bad + (isGood ? 0 : 1) };
  const next = withoutStep({ ...model, files }, key);
  return isGood ? next : withFailure(next, failed("files", undefined, worker, event.message ?? event.outcome, []));
}

function foldAction(model: Progress, event: Of<"action.started" | "action.finished">, at: number): Progress {
  const { job, worker, action } = event;
  const key = `action ${job}@${worker}`;
  const what = `${action} ${job}`;
  if (event.type === "action.started") {
    const waitsFor = event.resumes === null ? `make ${action}` : `make ${action}, started by run ${event.resumes}`;
    const next = withStep(model, key, { kind: "action", what, job, worker, since: at, waitsFor });
    return withJob(next, job, (before) => (before.since === undefined ? { since: at, state: "running" } : {}));
  }
  const isGood = event.outcome === "ok";
  const lines = event.output.length > 0 ? event.output : (model.output.get(unitOf(job, worker)) ?? []);
  const counted = withJob(withoutStep(model, key), job, ({ state, done, failed: bad }) => {
    if (state === "reverting") return {}; // the actions of a revert do not count as progress
    return isGood ? { done: done + 1 } : { failed: bad + 1 };
  });
  if (isGood) return counted;
  return withFailure(counted, failed(what, job, worker, event.message ?? event.outcome, lines));
}

function foldCommand(model: Progress, event: Of<"command.started" | "command.finished">, at: number): Progress {
  const { job, worker, command } = event;
  const key = `command ${command} ${job}@${worker}`;
  const what = `${command} (${event.event}) ${job}`;
  if (event.type === "command.started") {
    const waitsFor = `the command of ${event.event}`;
    return withStep(model, key, { kind: "command", what, job, worker, since: at, waitsFor });
  }
  const lines = event.output.length > 0 ? event.output : (model.output.get(unitOf(job, worker)) ?? []);
  const next = withoutStep(model, key);
  if (event.outcome === "ok" || event.event === "health_check") return next; // the health check has its own result
  return withFailure(next, failed(what, job, worker, event.message ?? event.outcome, lines));
}

function foldHealth(
  model: Progress,
  event: Of<"health.started" | "health.checked" | "health.finished">,
  at: number,
): Progress {
  const { job } = event;
  const key = `health ${job}`;
  if (event.type === "health.started") {
    const step = { kind: "health" as const, what: `health of ${job}`, job, worker: undefined };
    return withStep(model, key, { ...step, since: at, waitsFor: "its checks" });
  }
  if (event.type === "health.checked") {
    const step = model.underWay.get(key);
    if (step === undefined || event.ok) return model;
    return withStep(model, key, {
      ...step,
      waitsFor: `${event.worker} ${event.check} ${event.target}: ${event.message}`,
    });
  }
  const next = withoutStep(model, key);
  if (event.outcome !== "failed") return next;
  return withFailure(next, {
    what: `health of ${job}`,
    job,
    workers: [],
    message: event.message ?? "failed",
    lines: [],
  });
}
