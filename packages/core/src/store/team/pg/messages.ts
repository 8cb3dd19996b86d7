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
  | {
      readonly kind: "beat";
      /** Names this heartbeat in its results. */
      readonly id: number;
      readonly sql: string;
      readonly values: readonly unknown[];
      readonly everyMs: number;
    }
  | { readonly kind: "still"; readonly id: number }
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

/** The result of a renewal. */
export interface Beat {
  /** Undefined without an answer. */
  readonly renewed: boolean | undefined;
  /** When it was asked for, on `performance.now()` of the thread that gets the result. */
  readonly sent: number;
  readonly failure?: Failure;
}

/** The same between two threads, whose `performance.now()` differ. */
export interface BeatMessage extends Omit<Beat, "sent"> {
  /** The heartbeat that it belongs to. */
  readonly beat: number;
  /** When it was asked for, by {@link monotonicMs}. */
  readonly sentAt: number;
}

/** Milliseconds on the monotonic clock of the machine, which all threads of a process share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
