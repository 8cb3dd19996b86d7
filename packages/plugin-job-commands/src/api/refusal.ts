import { isMaandError } from "@maand/core";

/** An error response: its status and one line of text. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The error response for a thrown value. */
export function refusalOf(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (!isMaandError(cause)) return new Refusal(500, cause instanceof Error ? cause.message : String(cause));
  const hint = cause.hint === undefined ? "" : ` (${cause.hint})`;
  return new Refusal(statusOf(cause.code), `${cause.message}${hint}`);
}

function statusOf(code: string): number {
  switch (code) {
    case "KV_REFUSED":
    case "PROBLEMS":
      return 400;
    case "NOT_FOUND":
      return 404;
    case "OUT_OF_SYNC":
      return 409;
    case "UNREACHABLE":
    case "HOST_KEY_CHANGED":
    case "AUTH_FAILED":
    case "DISCONNECTED":
    case "WORKER_LACKS":
      return 502;
    case "INTERRUPTED":
      return 503;
    case "TIMED_OUT":
      return 504;
    default:
      return 500;
  }
}
