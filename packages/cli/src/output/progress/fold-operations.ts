import type { MaandEvent } from "@maand/core";
import { withFailure, withJob, withoutStep, withStep, withWarning } from "./change.ts";
import type { Progress } from "./model.ts";

/** The name of the row that counts the workers of a script or of maintenance. */
const WORKERS = "workers";

/** The model after a script, maintenance, drift or budget event; other events change nothing. */
export function foldOperation(model: Progress, event: MaandEvent, at: number): Progress {
  switch (event.type) {
    case "script.planned":
    case "maintenance.planned":
      return withJob(model, WORKERS, () => ({ state: "running", total: event.workers.length, since: at }));
    case "script.started": {
      const step = { kind: "script" as const, what: "script", job: undefined, worker: event.worker };
      return withStep(model, `script ${event.worker}`, { ...step, since: at, waitsFor: "its command" });
    }
    case "script.finished": {
      const lines = event.output.length > 0 ? event.output : (model.output.get(event.worker) ?? []);
      const next = ended(withoutStep(model, `script ${event.worker}`), event.outcome === "ok");
      if (event.outcome === "ok") return next;
      const message = event.message ?? event.outcome;
      return withFailure(next, { what: "script", job: undefined, workers: [event.worker], message, lines });
    }
    case "maintenance.worker":
      return maintained(model, event, at);
    case "budget.refused": {
      const message = event.message;
      const workers = event.worker === null ? [] : [event.worker];
      const [job] = event.jobs;
      return withFailure(model, { what: `refused ${event.jobs.join(", ")}`.trim(), job, workers, message, lines: [] });
    }
    case "budget.ignored":
      return withWarning(model, `availability budget ignored: ${event.message}`);
    default:
      return model;
  }
}

function ended(model: Progress, isGood: boolean): Progress {
  return withJob(model, WORKERS, ({ done, failed }) => (isGood ? { done: done + 1 } : { failed: failed + 1 }));
}

const DOING: Readonly<Record<string, readonly [what: string, waitsFor: string]>> = {
  drain: ["drain", "its jobs to stop"],
  command: ["command", "its command"],
  reboot: ["reboot", "a new boot id"],
  start: ["start", "its jobs to be healthy"],
};

function maintained(
  model: Progress,
  { worker, state, step, message }: Extract<MaandEvent, { type: "maintenance.worker" }>,
  at: number,
): Progress {
  const key = `maintenance ${worker}`;
  if (state === "under_way") {
    const [what, waitsFor] = DOING[step] ?? [step, step];
    return withStep(model, key, { kind: "maintenance", what, job: undefined, worker, since: at, waitsFor });
  }
  const next = withoutStep(model, key);
  if (state === "done" || state === "drained" || state === "aborted") return ended(next, true);
  if (state !== "set_aside") return next;
  const why = message ?? "set aside";
  return withFailure(ended(next, false), {
    what: `maintenance (${step})`,
    job: undefined,
    workers: [worker],
    message: why,
    lines: [],
  });
}
