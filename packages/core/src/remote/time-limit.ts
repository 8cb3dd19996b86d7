/** The maximum delay of a timer, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A signal that aborts after a number of milliseconds and does not keep the process alive. Use it for every wait: in
 * Node 20 an `AbortSignal.timeout` that only an `AbortSignal.any` references is garbage-collected, and the limit is
 * lost. A timer references the signal that this function returns.
 */
export function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException(`timed out after ${ms} ms`, "TimeoutError"));
  setTimeout(late, Math.min(ms, LONGEST_MS)).unref();
  return controller.signal;
}
