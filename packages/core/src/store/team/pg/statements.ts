import type { Beat, PgTarget, Row } from "./messages.ts";

/** The limits of one statement. */
export interface Patience {
  /** Milliseconds for which a lost connection is retried. */
  readonly limitMs: number;
  /** Milliseconds after which an attempt without a response is abandoned. */
  readonly attemptMs: number;
}

/**
 * Runs statements in a database. The store is synchronous, so each call waits for its statement. A statement whose
 * result was lost might run twice, so all statements are idempotent.
 */
export interface Statements {
  /** The number of statements so far, each one round trip. Heartbeats do not count, because nothing waits for them. */
  readonly trips: number;
  /** Runs a statement. Throws STORE_UNREACHABLE, STORE_REFUSED or STORE_BROKEN. */
  query(sql: string, values: readonly unknown[], patience?: Patience): readonly Row[];
  /** Runs a statement after all earlier ones, without waiting for it. Resolves when it has ended, even if it failed. */
  send(sql: string, values: readonly unknown[], patience?: Patience): Promise<void>;
  /**
   * Runs a statement at an interval, even while this thread is busy; `onBeat` gets each result when this thread is
   * free. Returns a function that ends this heartbeat. No result follows, not even of a renewal in progress.
   */
  beat(sql: string, values: readonly unknown[], everyMs: number, onBeat: (beat: Beat) => void): () => void;
  /** Processes results of heartbeats that have arrived, without waiting. */
  receive(): void;
  close(): void;
}

/**
 * Connects to a database when the connection is first needed. `interrupted` is aborted when Ctrl-C must end the
 * command.
 */
export type ConnectStatements = (target: PgTarget, patience: Patience, interrupted?: AbortSignal) => Statements;
