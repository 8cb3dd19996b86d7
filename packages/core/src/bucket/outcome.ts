import { errorText, isMaandError, MaandError } from "../errors.ts";
import type { Outcome } from "../summary.ts";

/**
 * The outcome for an allocation after an error. Unreachable, failed and timed out are separate outcomes, because they
 * need different fixes.
 */
export function outcomeOf(cause: unknown): Outcome {
  if (!isMaandError(cause)) return "failed";
  switch (cause.code) {
    case "UNREACHABLE":
    case "HOST_KEY_CHANGED":
    case "AUTH_FAILED":
      return "unreachable";
    case "TIMED_OUT":
    case "HOOK_STUCK":
      return "timed_out";
    case "DISCONNECTED":
      return "disconnected";
    case "INTERRUPTED":
      return "interrupted";
    case "BUDGET_EXCEEDED":
      return "blocked";
    default:
      return "failed";
  }
}

/** Any thrown value as a MaandError. */
export function asMaandError(cause: unknown): MaandError {
  if (isMaandError(cause)) return cause;
  return new MaandError({
    code: "HOOK_FAILED",
    message: errorText(cause),
    cause,
  });
}

/** The result of a command, as in its `finished` event. */
export interface CommandEnd {
  readonly outcome: Outcome;
  readonly exit: number | null;
  readonly message: string | null;
  readonly output: readonly string[];
  readonly duration_ms: number;
}

/** The result of finished work: when and how it ended, and what it returned or threw. */
export type Ended<T> = { readonly end: CommandEnd } & (
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly cause: unknown }
);

/** Runs the work to its end. Never throws; a thrown error is part of the result. */
export async function runToEnd<T>(now: () => Date, work: () => Promise<T>): Promise<Ended<T>> {
  const began = now().getTime();
  const duration = () => ({ duration_ms: now().getTime() - began });
  try {
    const answer = await work();
    return { ok: true, answer, end: { outcome: "ok", exit: 0, message: null, output: [], ...duration() } };
  } catch (cause) {
    return { ok: false, cause, end: { ...failedEnd(cause), ...duration() } };
  }
}

/** Runs the work and passes its end to `finished`, which reports it; then returns or throws as the work did. */
export async function withEnd<T>(
  now: () => Date,
  work: () => Promise<T>,
  finished: (end: CommandEnd) => void,
): Promise<T> {
  const ended = await runToEnd(now, work);
  finished(ended.end);
  if (ended.ok) return ended.answer;
  throw ended.cause;
}

function failedEnd(cause: unknown): Omit<CommandEnd, "duration_ms"> {
  const { exit = null, message, output = [] } = asMaandError(cause);
  return { outcome: outcomeOf(cause), exit, message, output };
}

/** Why nothing new may begin, by the signal of a bucket. */
const stops = new WeakMap<AbortSignal, MaandError>();

/** From now on {@link stopIfInterrupted} throws this error: nothing new begins, and what runs may end. */
export function stopBeginning(signal: AbortSignal, error: MaandError): void {
  stops.set(signal, error);
}

/** Throws INTERRUPTED if the run was interrupted, and LEASE_LOST without a lease. Call it before starting anything new. */
export function stopIfInterrupted(signal: AbortSignal): void {
  const stop = stops.get(signal);
  if (stop) throw stop;
  if (signal.aborted)
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted", hint: "run the command again to continue" });
}

/**
 * Waits for `work`, but not after an interruption, because a worker that does not answer would block the command. Then
 * it throws INTERRUPTED and ignores the result of the work.
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
