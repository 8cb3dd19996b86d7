import type { Statements } from "./pg/statements.ts";

/** A part of the record of a run. */
export interface RecordPart {
  readonly run: string;
  readonly seq: number;
  readonly lines: string;
}

/** The limits are short, because a record must not delay the end of the command. */
const PATIENCE = { limitMs: 3000, attemptMs: 3000 };

const ADD = "INSERT INTO maand.run_record (bucket, run, seq, lines) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const NEWEST = "SELECT run FROM maand.run_record WHERE bucket = $1 GROUP BY run ORDER BY max(at) DESC LIMIT $5";

/** The records of the runs of a bucket, in parts. Adding the same part again changes nothing. */
export class RunRecordRows {
  readonly #statements: Statements;
  readonly #bucket: string;

  constructor(statements: Statements, bucket: string) {
    this.#statements = statements;
    this.#bucket = bucket;
  }

  /** Adds a part without waiting. Resolves when the part was stored, or when storing it failed. */
  send(run: string, seq: number, lines: string): Promise<void> {
    return this.#statements.send(ADD, [this.#bucket, run, seq, lines], PATIENCE);
  }

  /** Adds the last part after all parts that were sent, and deletes the records of all but the newest runs. */
  finish(run: string, seq: number, lines: string, keepRuns: number): void {
    const sql = `WITH added AS (${ADD}) DELETE FROM maand.run_record WHERE bucket = $1 AND run <> $2 AND run NOT IN (${NEWEST})`;
    this.#statements.query(sql, [this.#bucket, run, seq, lines, keepRuns], PATIENCE);
  }

  /**
   * Parts from a given time on, oldest first. Includes parts of the last seconds before that time, because some parts
   * might have been stored late.
   */
  since(time: string): { readonly parts: readonly RecordPart[]; readonly next: string | undefined } {
    const sql = `SELECT run, seq, lines, at::text AS at FROM maand.run_record
      WHERE bucket = $1 AND at > $2::timestamptz - interval '10 s' ORDER BY at, run, seq LIMIT 5000`;
    const rows = this.#statements.query(sql, [this.#bucket, time]);
    const parts = rows.map(({ run, seq, lines }) => ({ run: String(run), seq: Number(seq), lines: String(lines) }));
    return { parts, next: rows.length === 0 ? undefined : String(rows.at(-1)?.at) };
  }
}
