import type { Outcome } from "../summary.ts";
import type { StoreDatabase } from "./database.ts";

/** What a journal row is about to do: a lifecycle command, a cleanup, or bringing files. */
export type StepKind = "start" | "restart" | "reload" | "stop" | "remove" | "stage";

/** An action about to be taken on a worker for one allocation. */
export interface Intent {
  readonly allocation: string;
  readonly kind: StepKind;
  readonly digest?: string;
  readonly version?: string;
}

/** A run that is over, or was: `outcome` is null when it died. */
export interface RunRow {
  readonly number: number;
  readonly id: string;
  readonly command: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: string | null;
}

/**
 * The journal: a row before every remote action and its result after it. A row without a result is in
 * doubt; a row is settled once what it did is part of a promotion, or is undone.
 */
export class Journal {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Opens a run and answers its number. */
  beginRun(id: string, command: string, at: string): number {
    return this.#db.run("INSERT INTO run (id, command, started_at) VALUES (?, ?, ?)", id, command, at);
  }

  finishRun(number: number, outcome: string, at: string): void {
    this.#db.run("UPDATE run SET finished_at = ?, outcome = ? WHERE number = ?", at, outcome, number);
  }

  /** The last run of a command that was not refused, if any. */
  lastRun(command: string): RunRow | undefined {
    const row = this.#db.get(
      "SELECT * FROM run WHERE command = ? AND outcome IS NOT 'refused' ORDER BY number DESC LIMIT 1",
      command,
    );
    return (
      row && {
        number: Number(row.number),
        id: String(row.id),
        command: String(row.command),
        startedAt: String(row.started_at),
        finishedAt: row.finished_at === null ? null : String(row.finished_at),
        outcome: row.outcome === null ? null : String(row.outcome),
      }
    );
  }

  /** Writes what is about to happen, all of it at once; answers the rows' ids in the same order. */
  intend(run: number, intents: readonly Intent[], at: string): number[] {
    const insert = "INSERT INTO step (run, allocation, kind, digest, version, started_at) VALUES (?, ?, ?, ?, ?, ?)";
    return this.#db.transaction(() =>
      intents.map(({ allocation, kind, digest, version }) =>
        this.#db.run(insert, run, allocation, kind, digest ?? null, version ?? null, at),
      ),
    );
  }

  /** Writes that what ran of an allocation was lost with its worker's files; a promotion settles it. */
  lose(allocation: string, at: string): void {
    this.#db.run(
      "INSERT INTO step (run, allocation, kind, started_at, finished_at, outcome) SELECT max(number), ?, 'loss', ?, ?, 'failed' FROM run",
      allocation,
      at,
      at,
    );
  }

  /** Writes what came of it, soon: a row without a result is in doubt, which is never wrong. */
  conclude(step: number, outcome: Outcome, at: string): void {
    this.#db.later("UPDATE step SET finished_at = ?, outcome = ? WHERE id = ?", at, outcome, step);
  }

  /** Closes all lifecycle rows of an allocation: what they did is accounted for. */
  settle(allocation: string): void {
    this.#db.run("UPDATE step SET settled = 1 WHERE allocation = ? AND settled = 0", allocation);
  }

  /** Takes rows back whose action was not begun after all. */
  withdraw(rows: readonly number[]): void {
    for (const row of rows) this.#db.run("DELETE FROM step WHERE id = ?", row);
  }

  /** Whether a finished sync row of this allocation is the last of it; used by tests and `why`. */
  steps(allocation: string): { readonly kind: string; readonly outcome: string | null; readonly settled: boolean }[] {
    return this.#db
      .all("SELECT kind, outcome, settled FROM step WHERE allocation = ? ORDER BY id", allocation)
      .map((row) => ({
        kind: String(row.kind),
        outcome: row.outcome === null ? null : String(row.outcome),
        settled: row.settled === 1,
      }));
  }

  /**
   * Forgets settled rows of all but the newest runs, so that the journal stays small, and rows of files that were brought:
   * what is on a worker is remembered beside them.
   */
  trim(keepRuns: number): void {
    const old = "run <= (SELECT max(number) FROM run) - ?";
    this.#db.run(`DELETE FROM step WHERE (settled = 1 OR kind = 'stage') AND ${old}`, keepRuns);
  }
}
