/** A timer takes no more milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A signal that aborts after some milliseconds, and keeps nobody from ending. Use it for whatever somebody waits for:
 * Node 20 forgets an `AbortSignal.timeout` that only an `AbortSignal.any` knows as soon as memory is tidied up, and then
 * nothing ever times out. This one is held by its timer.
 */
export function timeLimit(ms: number): AbortSignal {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException(`timed out after ${ms} ms`, "TimeoutError"));
  setTimeout(late, Math.min(ms, LONGEST_MS)).unref();
  return controller.signal;
}
