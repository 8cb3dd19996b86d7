import { errorText, isMaandError, MaandError } from "../errors.ts";
import type { Outcome } from "../summary.ts";

/**
 * The outcome for an allocation after an error. Unreachable, failed and timed out are kept apart, because they need
 * different fixes.
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

/** The result of a command, as its `finished` event has it. */
export interface CommandEnd {
  readonly outcome: Outcome;
  readonly exit: number | null;
  readonly message: string | null;
  readonly output: readonly string[];
  readonly duration_ms: number;
}

/** The result of a command that began at a time of the clock `now` and threw `cause`, or nothing. */
export function commandEnd(now: () => Date, began: number, cause?: unknown): CommandEnd {
  const duration_ms = now().getTime() - began;
  if (cause === undefined) return { outcome: "ok", exit: 0, message: null, output: [], duration_ms };
  const { exit = null, message, output = [] } = asMaandError(cause);
  return { outcome: outcomeOf(cause), exit, message, output, duration_ms };
}

/** Does the work of a command, gives its result to `finished` whatever it is, and throws what the work threw. */
export async function withEnd<T>(
  now: () => Date,
  work: () => Promise<T>,
  finished: (end: CommandEnd) => void,
): Promise<T> {
  const began = now().getTime();
  try {
    const answer = await work();
    finished(commandEnd(now, began));
    return answer;
  } catch (cause) {
    finished(commandEnd(now, began, cause));
    throw cause;
  }
}

/** Throws INTERRUPTED if the run was interrupted. Call it before starting anything new. */
export function stopIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted", hint: "run it again to continue" });
}
