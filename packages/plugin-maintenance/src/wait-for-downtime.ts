import { setTimeout as sleep } from "node:timers/promises";
import {
  type DowntimeAnswer,
  type DowntimeRequest,
  type Run,
  reportRefused,
  requestDowntime,
  stopIfInterrupted,
} from "@maand/core/operator";

/** How long a request waits for the budget. */
export interface DowntimePatience {
  /** The time in milliseconds after which the refusal is final. */
  readonly limitMs: number;
  /** Called with each new reason to wait. */
  report(message: string): void;
}

/** Milliseconds between two attempts. */
const RETRY_MS = 1_000;

/**
 * Requests downtime as {@link requestDowntime} does, and repeats the request until a unit is granted or the time is
 * over. Each attempt checks health again. Throws INTERRUPTED.
 */
export async function requestDowntimeWhenFree(
  run: Run,
  request: DowntimeRequest,
  patience: DowntimePatience,
): Promise<DowntimeAnswer> {
  const began = performance.now();
  let reason: string | undefined;
  for (;;) {
    const answer = await requestDowntime(run, { ...request, isFresh: true });
    const [first] = answer.refused;
    if (answer.granted.length > 0 || !first || performance.now() - began + RETRY_MS > patience.limitMs) {
      reportRefused(run, answer.refused);
      return answer;
    }
    if (first.error.message !== reason) patience.report(first.error.message);
    reason = first.error.message;
    await sleep(RETRY_MS, undefined, { signal: run.bucket.signal }).catch(() => undefined);
    stopIfInterrupted(run.bucket.signal);
  }
}
