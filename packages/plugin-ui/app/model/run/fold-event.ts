import { addFailure } from "./add-failure.ts";
import { foldOperation } from "./fold-operation.ts";
import { foldRollout } from "./fold-rollout.ts";
import type { RunEvent } from "./run-event.ts";
import type { RunHistory } from "./run-history.ts";

/**
 * Adds events to the history of their run, in order. Skips events that the history already has, so that a response may
 * overlap with the previous one. Responses contain no lines of output, so numbers may be missing.
 */
export function foldEvents(history: RunHistory, events: readonly RunEvent[]): void {
  for (const event of events) if (event.seq > history.seq) foldEvent(history, event);
}

function foldEvent(history: RunHistory, event: RunEvent): void {
  history.seq = event.seq;
  history.at = Date.parse(event.at);
  history.startedAt ??= history.at;
  history.times.push({ seq: history.seq, at: history.at });
  switch (event.type) {
    case "run.started":
      history.command = event.command ?? "";
      return;
    case "run.finished":
      finish(history, event);
      return;
    case "warning":
      history.warnings.push({ seq: event.seq, message: event.message ?? "" });
      return;
    case "worker.failed":
      addFailure(history, event, "connect");
      return;
    case "action.started":
    case "command.started":
      history.setWorker(event.job ?? "", event.worker ?? "", "running", doing(event));
      return;
    case "action.finished":
    case "command.finished":
      step(history, event);
      return;
    case "health.started":
      history.setJob(event.job ?? "", "running", "health checks");
      return;
    case "health.checked":
      checked(history, event);
      return;
    default:
      if (!foldRollout(history, event)) foldOperation(history, event);
  }
}

/** `restart`, or `command_migrate (pre_deploy)`. */
function doing({ action, command, event }: RunEvent): string {
  return action ?? `${command ?? ""}${event ? ` (${event})` : ""}`;
}

function step(history: RunHistory, event: RunEvent): void {
  const outcome = event.outcome ?? "ok";
  history.setWorker(event.job ?? "", event.worker ?? "", outcome, event.message ?? doing(event));
  if (outcome !== "ok" && outcome !== "skipped") addFailure(history, event, doing(event));
}

/** The last result of a check on a worker. A failed result is final, and the reason why the batch fails. */
function checked(history: RunHistory, event: RunEvent & { readonly ok?: boolean; readonly check?: string }): void {
  const [job, worker] = [event.job ?? "", event.worker ?? ""];
  history.setWorker(job, worker, event.ok ? "ok" : "failed", event.message ?? "");
  if (!event.ok) addFailure(history, event, `health check ${event.check ?? ""}`.trim());
}

interface Result {
  readonly job: string;
  readonly worker_ip: string;
  readonly outcome: string;
  readonly message: string | null;
}

/** The summary of a run names every allocation, including those without their own events. */
function finish(history: RunHistory, event: RunEvent): void {
  history.end = history.change(event.outcome ?? "unknown", event.message ?? "");
  for (const { job, worker_ip, outcome, message } of (event.allocations ?? []) as readonly Result[]) {
    const last = history.jobs.get(job)?.workers.get(worker_ip)?.at(-1);
    if (last?.state !== outcome) history.setWorker(job, worker_ip, outcome, message ?? "");
  }
  for (const failure of (event.failures ?? []) as readonly RunEvent[])
    if (!isKnown(history, failure)) addFailure(history, failure, failure.job ?? "");
  for (const { batches } of history.jobs.values())
    for (const batch of batches) batch.end ??= history.change(event.outcome === "ok" ? "ok" : "interrupted");
}

/** A failure of a job often repeats the failure of one of its allocations. */
function isKnown({ failures }: RunHistory, { job, message, output = [] }: RunEvent): boolean {
  const text = output.join("\n");
  return failures.some(
    (one) => one.job === job && (one.message === message || (text !== "" && one.output.join("\n") === text)),
  );
}
