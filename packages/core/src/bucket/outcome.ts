import { errorText, isMaandError, MaandError } from "../errors.ts";
import type { Outcome } from "../summary.ts";

/** The outcome an error means for the allocation it happened to (decision 11: the states are kept apart). */
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

/** Throws INTERRUPTED once the run was interrupted: asked before anything new is begun. */
export function stopIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new MaandError({ code: "INTERRUPTED", message: "interrupted", hint: "run it again to continue" });
}
