import type { MessagePort } from "node:worker_threads";

/** One row of an answer. */
export type Row = Readonly<Record<string, unknown>>;

/** How the database is reached. */
export interface PgTarget {
  /** Without a password. */
  readonly url: string;
  /** Undefined: from PGPASSWORD or ~/.pgpass, or none. */
  readonly password: string | undefined;
  /** Shown in the database's list of connections. */
  readonly application: string;
}

/** What the thread gets for each bucket. */
export interface Session extends PgTarget {
  /** Counts answers, so that the main thread can wait for one. */
  readonly answered: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** A statement with its values. */
export interface Query {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Milliseconds after which nothing more is tried. */
  readonly limitMs: number;
  /** Milliseconds that one attempt may take. */
  readonly attemptMs: number;
}

export type Request =
  | ({ readonly kind: "query"; readonly id: number } & Query)
  | { readonly kind: "beat"; readonly sql: string; readonly values: readonly unknown[]; readonly everyMs: number }
  | { readonly kind: "still" }
  | { readonly kind: "end" };

/** Why a statement failed; `code` is that of PostgreSQL or of the operating system. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Answer {
  readonly id: number;
  readonly rows?: readonly Row[];
  readonly failure?: Failure;
}

/** The result of a heartbeat; `renewed` is undefined without an answer. `sent` counts as `performance.timeOrigin + now()`. */
export interface Beat {
  readonly renewed: boolean | undefined;
  readonly sent: number;
  readonly failure?: Failure;
}
