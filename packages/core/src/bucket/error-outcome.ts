import { errorText, isMaandError, MaandError } from "../errors.ts";
import type { Outcome } from "../run-result.ts";

/**
 * Returns the outcome of an allocation after an error. For example, unreachable, failed and timed out are separate
 * outcomes, because each needs a different fix.
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
