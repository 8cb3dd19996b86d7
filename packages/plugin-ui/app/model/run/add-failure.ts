import type { RunEvent } from "./run-event.ts";
import type { RunHistory } from "./run-history.ts";

/** Adds the failure that an event reports. */
export function addFailure(history: RunHistory, event: RunEvent, what: string): void {
  history.failures.push({
    seq: history.seq,
    at: history.at,
    what,
    job: event.job ?? "",
    worker: event.worker ?? "",
    message: event.message ?? event.outcome ?? "",
    hint: event.hint ?? "",
    output: event.output ?? [],
  });
}
