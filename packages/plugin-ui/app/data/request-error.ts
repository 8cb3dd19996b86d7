/** The error of a request that was refused or could not reach the server. */
export class RequestError extends Error {
  /** The HTTP status; 0 if no server responded. */
  readonly status: number;
  readonly code: string;
  /** The next step. */
  readonly hint: string | null;

  constructor(status: number, code: string, message: string, hint: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}
