import type { ErrorAnswer } from "../contract.ts";

/** The refusal of a request: the HTTP status, a code for programs, a sentence, and a hint. */
export class Refused extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 500 | 503;
  readonly code: string;
  readonly hint: string | null;

  constructor(status: Refused["status"], code: string, message: string, hint: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** The body of a refusal. */
export function refusal({ code, message, hint }: Pick<Refused, "code" | "message" | "hint">): ErrorAnswer {
  return { error: { code, message, hint } };
}
