import type { Outcome } from "../run-result.ts";
import { asMaandError, outcomeOf } from "./error-outcome.ts";

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

/**
 * Runs the work and passes its result to `finished`, which reports it. Then returns the value of the work, or throws
 * its error.
 */
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
