import type { Outcome } from "../run-result.ts";
import type { Row, StoreDatabase } from "./database.ts";

/**
 * The kind of an action in the journal: a lifecycle command, a cleanup, or a sync. The kind `loss`, which {@link
 * Journal.lose} writes, is not included, because it records no action.
 */
export type StepKind = "start" | "restart" | "reload" | "stop" | "remove" | "stage";

/** An action about to run on a worker for one allocation. */
export interface Intent {
  readonly allocation: string;
  readonly kind: StepKind;
  readonly digest?: string;
  readonly version?: string;
  /** The name of the receipt on the worker. */
  readonly receipt?: string;
  /** The `update_seq` that its files were rendered with. */
  readonly updateSeq?: number;
}

/** A recorded run; `outcome` is null if the run was killed. */
export interface RunRow {
  readonly number: number;
  readonly id: string;
  readonly command: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: string | null;
}

/** The commands that deploy. */
export const DEPLOYING: readonly string[] = ["deploy", "rollback", "rollout resume", "rollout abort"];

/**
 * The journal has a row before every remote action, and the result after it. A row without a result is in doubt. A row
 * is settled once its effect is part of a promotion, or is undone.
 */
export class Journal {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Opens a run and returns its number. */
  beginRun(id: string, command: string, at: string): number {
    return this.#db.run("INSERT INTO run (id, command, started_at) VALUES (?, ?, ?)", id, command, at);
  }

  finishRun(number: number, outcome: string, at: string): void {
    this.#db.transaction(() => {
      this.#db.run("UPDATE run SET finished_at = ?, outcome = ? WHERE number = ?", at, outcome, number);
      this.#db.run("UPDATE history SET finished_at = ?, outcome = ? WHERE run = ?", at, outcome, number);
    });
  }

  /**
   * The number of the newest run that was not refused; 0 if there is none. With `before`, only runs older than this one
   * count.
   */
  lastNumber(before = Number.MAX_SAFE_INTEGER): number {
    const sql = "SELECT max(number) AS last FROM run WHERE outcome IS NOT 'refused' AND number < ?";
    return Number(this.#db.get(sql, before)?.last ?? 0);
  }

  /** The runs between two runs, except refused runs, as `43 (deploy)`. */
  runsBetween(after: number, before: number): string[] {
    const sql =
      "SELECT number, command FROM run WHERE number > ? AND number < ? AND outcome IS NOT 'refused' ORDER BY number";
    return this.#db.all(sql, after, before).map(({ number, command }) => `${number} (${command})`);
  }

  /**
   * Claims the saved plan with this digest for a run, so that no other run carries out the plan. Returns the run that
   * has already claimed the plan, if there is one.
   */
  claimPlan(number: number, digest: string): number | undefined {
    const claim = "UPDATE run SET plan = ? WHERE number = ? AND NOT EXISTS (SELECT 1 FROM run WHERE plan = ?)";
    this.#db.run(claim, digest, number, digest);
    const holder = this.runOfPlan(digest);
    return holder === number ? undefined : holder;
  }

  /** The run that carried out a saved plan. */
  runOfPlan(digest: string): number | undefined {
    const row = this.#db.get("SELECT number FROM run WHERE plan = ?", digest);
    return row && Number(row.number);
  }

  /**
   * The last run of a command that was not refused, if there is one. All commands that deploy count as the same
   * command.
   */
  lastRun(command: string): RunRow | undefined {
    const commands = DEPLOYING.includes(command) ? DEPLOYING : [command];
    const row = this.#db.get(
      `SELECT * FROM run WHERE command IN (${commands.map(() => "?")}) AND outcome IS NOT 'refused' ORDER BY number DESC LIMIT 1`,
      ...commands,
    );
    return row && runOf(row);
  }

  /** The last run of any command that was not refused. */
  latestRun(): RunRow | undefined {
    const row = this.#db.get("SELECT * FROM run WHERE outcome IS NOT 'refused' ORDER BY number DESC LIMIT 1");
    return row && runOf(row);
  }

  /** Records the actions that are about to run in one transaction; returns the row ids in the same order. */
  intend(run: number, intents: readonly Intent[], at: string): number[] {
    const insert =
      "INSERT INTO step (run, allocation, kind, digest, version, receipt, update_seq, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    return this.#db.transaction(() =>
      intents.map(({ allocation, kind, ...given }) => {
        const { digest = null, version = null, receipt = null, updateSeq = null } = given;
        return this.#db.run(insert, run, allocation, kind, digest, version, receipt, updateSeq, at);
      }),
    );
  }

  /** The number of steps of a kind that a run has begun on an allocation. */
  attempts(run: number, allocation: string, kind: StepKind): number {
    const count = "SELECT count(*) AS n FROM step WHERE run = ? AND allocation = ? AND kind = ?";
    return Number(this.#db.get(count, run, allocation, kind)?.n ?? 0);
  }

  /** The receipts of the unsettled steps of an allocation, oldest first. */
  openReceipts(allocation: string): string[] {
    const open = "SELECT receipt FROM step WHERE allocation = ? AND settled = 0 AND receipt IS NOT NULL ORDER BY id";
    return [...new Set(this.#db.all(open, allocation).map(({ receipt }) => String(receipt)))];
  }

  /** Deletes the receipts of these steps, so that the next run starts the steps again instead of continuing them. */
  forgetReceipts(rows: readonly number[]): void {
    for (const row of rows) this.#db.run("UPDATE step SET receipt = NULL WHERE id = ?", row);
  }

  /**
   * Records that the running version of an allocation was lost together with the files on its worker. A promotion
   * settles the row.
   */
  lose(allocation: string, at: string): void {
    this.#db.run(
      "INSERT INTO step (run, allocation, kind, started_at, finished_at, outcome) SELECT max(number), ?, 'loss', ?, ?, 'failed' FROM run",
      allocation,
      at,
      at,
    );
  }

  /** Records a stop that succeeded and whose `stopped` hooks have not run yet. */
  recordStop(run: number, allocation: string, at: string): void {
    this.#db.run(
      "INSERT INTO step (run, allocation, kind, started_at, finished_at, outcome) VALUES (?, ?, 'stop', ?, ?, 'ok')",
      run,
      allocation,
      at,
      at,
    );
  }

  /** Defers writing the result of a step. Until the result is written, the row is in doubt, which is always safe. */
  conclude(step: number, outcome: Outcome, at: string): void {
    this.#db.later("UPDATE step SET finished_at = ?, outcome = ? WHERE id = ?", at, outcome, step);
  }

  /** Settles all lifecycle rows of an allocation. Call this when their effect is recorded elsewhere. */
  settle(allocation: string): void {
    this.#db.run("UPDATE step SET settled = 1 WHERE allocation = ? AND settled = 0", allocation);
  }

  /** Deletes rows whose action never started. */
  withdraw(rows: readonly number[]): void {
    for (const row of rows) this.#db.run("DELETE FROM step WHERE id = ?", row);
  }

  /** All rows of an allocation, oldest first; used by tests. */
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
   * Deletes the settled rows of all but the newest runs, to keep the journal small. Also deletes the sync rows of these
   * runs, because the state of each worker is recorded separately.
   */
  trim(keepRuns: number): void {
    const old = "run <= (SELECT max(number) FROM run) - ?";
    this.#db.run(`DELETE FROM step WHERE (settled = 1 OR kind = 'stage') AND ${old}`, keepRuns);
  }
}

function runOf(row: Row): RunRow {
  return {
    number: Number(row.number),
    id: String(row.id),
    command: String(row.command),
    startedAt: String(row.started_at),
    finishedAt: row.finished_at === null ? null : String(row.finished_at),
    outcome: row.outcome === null ? null : String(row.outcome),
  };
}
