import { addFailure } from "./add-failure.ts";
import type { RunEvent } from "./run-event.ts";
import type { RunHistory } from "./run-history.ts";

/** Rows for operations on workers that belong to no job. */
const SCRIPT = "script";
const MAINTENANCE = "maintenance";

/** States of workers in maintenance, as states of a run. */
const MAINTAINED: Readonly<Record<string, string>> = {
  waiting: "waiting",
  under_way: "running",
  set_aside: "failed",
  drained: "ok",
  done: "ok",
  aborted: "interrupted",
};

/** Adds a script, maintenance, drift or budget event; other events change nothing. */
export function foldOperation(history: RunHistory, event: RunEvent): void {
  const worker = event.worker ?? "";
  switch (event.type) {
    case "script.planned":
      plan(history, SCRIPT, event);
      return;
    case "maintenance.planned":
      plan(history, MAINTENANCE, event);
      return;
    case "script.started":
      history.setWorker(SCRIPT, worker, "running");
      return;
    case "script.finished":
      history.setWorker(SCRIPT, worker, event.outcome ?? "ok", event.message ?? "");
      if (event.outcome !== "ok") addFailure(history, event, SCRIPT);
      return;
    case "maintenance.worker":
      history.setWorker(MAINTENANCE, worker, MAINTAINED[event.state ?? ""] ?? "running", String(event.step ?? ""));
      if (event.state === "set_aside") addFailure(history, event, `maintenance (${event.step ?? ""})`);
      return;
    case "maintenance.finished":
      history.setJob(MAINTENANCE, event.outcome ?? "ok", event.message ?? "");
      return;
    case "budget.refused":
      addFailure(history, { ...event, job: event.jobs?.[0] ?? "" }, "refused by the availability budget");
      return;
    case "stage.finished":
      if (event.outcome !== "ok") addFailure(history, event, "copy of files");
      return;
    default:
  }
}

function plan(history: RunHistory, name: string, event: RunEvent): void {
  const workers = (event.workers ?? []).map(String);
  history.job(name).planned = { seq: history.seq, total: workers.length };
  history.setJob(name, "running");
  for (const worker of workers) history.setWorker(name, worker, "waiting");
}
