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

/** Throws INTERRUPTED if the run was interrupted. Call it before starting anything new. */
export function stopIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted", hint: "run it again to continue" });
}
