import { MaandError } from "../errors.ts";

/** The errors that prevent new work, by the signal of the bucket. */
const stops = new WeakMap<AbortSignal, MaandError>();

/** From now on, {@link stopIfInterrupted} throws this error, so that nothing new begins. Running work can finish. */
export function stopBeginning(signal: AbortSignal, error: MaandError): void {
  stops.set(signal, error);
}

/**
 * Throws INTERRUPTED if the run was interrupted, and LEASE_LOST if the lease was lost. Call it before starting anything
 * new.
 */
export function stopIfInterrupted(signal: AbortSignal): void {
  const stop = stops.get(signal);
  if (stop) throw stop;
  if (signal.aborted)
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted", hint: "run the command again to continue" });
}

/**
 * Waits for `work`, or until an interruption, because a worker that does not respond would block the command. After an
 * interruption, it throws INTERRUPTED and ignores the result of the work.
 */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    stopIfInterrupted(signal);
    return await Promise.race([work, interrupted]);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    work.catch(() => {});
    stopIfInterrupted(signal);
    throw cause;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
