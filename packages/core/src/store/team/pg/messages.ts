import type { MessagePort } from "node:worker_threads";

/** One row of a result. */
export type Row = Readonly<Record<string, unknown>>;

/** How to connect to the database. */
export interface PgTarget {
  /** Without a password. */
  readonly url: string;
  /** Undefined if it comes from PGPASSWORD or ~/.pgpass, or if there is none. */
  readonly password: string | undefined;
  /** The name of the connection in the database's list of connections. */
  readonly application: string;
}

/** The message that the thread receives for each bucket. */
export interface Session extends PgTarget {
  /** Counts responses, so that the main thread can wait for the next one. */
  readonly answered: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** A statement with its values. */
export interface Query {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** The timeout for all attempts, in milliseconds. */
  readonly limitMs: number;
  /** The timeout for one attempt, in milliseconds. */
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

/** Why a statement failed; `code` is a code of PostgreSQL or of the operating system. */
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
  /** Undefined if there was no response. */
  readonly renewed: boolean | undefined;
  /** When the renewal was requested, by `performance.now()` in the thread that gets the result. */
  readonly sent: number;
  readonly failure?: Failure;
}

/** A result in transit between two threads, whose `performance.now()` differ. */
export interface BeatMessage extends Omit<Beat, "sent"> {
  /** The heartbeat that the result belongs to. */
  readonly beat: number;
  /** When the renewal was requested, by {@link monotonicMs}. */
  readonly sentAt: number;
}

/** Milliseconds on the monotonic clock of the machine, which all threads of a process share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
