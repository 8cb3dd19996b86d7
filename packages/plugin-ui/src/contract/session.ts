/** The header of every POST; its value is `csrf` of the session. */
export const CSRF_HEADER = "x-maand-csrf";

/** The actions that a page may be allowed to perform. `pause` includes resuming and aborting staged rollouts. */
export type Verb = "deploy" | "rollback" | "pause" | "maintain";

/** All verbs, in the order in which they are shown. */
export const VERBS: readonly Verb[] = ["deploy", "rollback", "pause", "maintain"];

/**
 * The urgency: `bad` is a problem, `warn` needs a decision, `info` is information, `ok` is a good state, `none` is no
 * state.
 */
export type Level = "bad" | "warn" | "info" | "ok" | "none";

/**
 * The reason why a request was refused; `hint` is the next step. `code` is one of docs/errors.md, or an HTTP reason
 * such as `FORBIDDEN`.
 */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

/** GET /api/session */
export interface SessionAnswer {
  readonly bucket: { readonly id: string; readonly name: string; readonly directory: string };
  /** The version of maand. */
  readonly version: string;
  /** Verbs that this session may use; empty for read-only access. */
  readonly allow: readonly Verb[];
  /** The name of a token, or the user that started the server. */
  readonly user: string;
  /** False in an export, which has no server and never changes. */
  readonly live: boolean;
  /** Value of {@link CSRF_HEADER}; empty in an export. */
  readonly csrf: string;
  /** For an export: the time when it was written, and its run. */
  readonly exported: { readonly at: string; readonly run: string } | null;
}

/**
 * The changes that the stream reports. `hello` is the first message. A later `hello` only shows that the connection is
 * alive.
 */
export type WakeKind = "hello" | "fleet" | "run" | "plan" | "doctor";

/**
 * GET /api/stream : server-sent events, one stream per browser. The data of every message is a Wake. A Wake has no
 * content to show, but tells the page what to fetch again: `fleet` also covers status, jobs, workers, history and
 * maintenance; `run` has the id of the run with new events. Sequence numbers increase by one with each message except
 * `hello`, which repeats the last number. After a gap, or if `epoch` differs (the server was restarted), fetch
 * everything that is shown. Open the stream before the first fetch, because it only reports later changes.
 */
export interface Wake {
  readonly seq: number;
  readonly epoch: string;
  readonly kind: WakeKind;
  readonly run?: string;
  /** For `run`: the `seq` of the last recorded event. */
  readonly last_event?: number;
  readonly at: string;
}

/**
 * POST /api/login, the only POST without {@link CSRF_HEADER}: exchanges a code or token for the cookie of a session.
 * Responds with 204 or 401.
 */
export interface LoginRequest {
  /** A one-time code, or a token in the file that `--tokens` names. */
  readonly token: string;
}

/**
 * An export is a directory with index.html, the files of the application, and data/. For each response, data/ contains
 * a classic script, because a browser does not let a page from `file:` load JSON or modules. The script adds the
 * response to the object {@link EXPORT_NAME} of the window, under its path in /api/ without the query: `runs/<id>`,
 * `runs/<id>/events` (all events but `output`), `runs/<id>/log` (all lines), `fleet`, `status`, `jobs/<job>`,
 * `workers/<host>`, `session`, and so on. The script for a path is `data/<path>.js`; each part of the path is encoded
 * as in a URL.
 */
export const EXPORT_NAME = "maandExport";
