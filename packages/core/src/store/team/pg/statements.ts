import type { Beat, PgTarget, Row } from "./messages.ts";

/** The limits of one statement. */
export interface Patience {
  /** Milliseconds for which a lost connection is retried. */
  readonly limitMs: number;
  /** Milliseconds after which an unanswered attempt is given up. */
  readonly attemptMs: number;
}

/**
 * Runs statements in a database. The store is synchronous: each statement is waited for. A statement may run twice, if its answer was
 * lost; all of them are written so that the second time changes nothing.
 */
export interface Statements {
  /** Statements so far, each one round trip; heartbeats do not count, because nothing waits for them. */
  readonly trips: number;
  /** Runs a statement. Throws STORE_UNREACHABLE, STORE_REFUSED or STORE_BROKEN. */
  query(sql: string, values: readonly unknown[], patience?: Patience): readonly Row[];
  /** Runs a statement after all that were given before, without waiting for it. Resolves when it has ended, even if it failed. */
  send(sql: string, values: readonly unknown[], patience?: Patience): Promise<void>;
  /**
   * Runs a statement at an interval, whatever this thread does; `onBeat` gets each result when this thread has time. Returns a function that
   * ends this heartbeat: no result comes after it, not even of a renewal that is on its way.
   */
  beat(sql: string, values: readonly unknown[], everyMs: number, onBeat: (beat: Beat) => void): () => void;
  /** Takes results of heartbeats that have arrived, without waiting. */
  receive(): void;
  close(): void;
}

/** Makes the connection to a database when it is first needed. `interrupted`: aborted when Ctrl-C is to end the command. */
export type ConnectStatements = (target: PgTarget, patience: Patience, interrupted?: AbortSignal) => Statements;
