import { randomBytes } from "node:crypto";
import type { Fence } from "../../domain/fence/fence-record.ts";
import type { Row, StoreDatabase } from "../database.ts";

/** A command that begins, with the user, machine and directory that it runs from. */
export interface BegunCommand {
  readonly command: string;
  readonly user: string;
  readonly machine: string;
  readonly path: string;
  /** UTC, ISO 8601. */
  readonly at: string;
}

/** A command in the history of a bucket. */
export interface HistoryEntry {
  readonly number: number;
  /** The id of its run, as in the logs. */
  readonly id: string | null;
  /** The number of its run, if it has a run; runs are counted separately. */
  readonly run: number | null;
  readonly command: string;
  /** Null for a run of an older version of maand. */
  readonly user: string | null;
  readonly machine: string | null;
  readonly path: string | null;
  /** The commit of the workspace that was built last, with `+changes` if there were uncommitted changes. */
  readonly commit: string | null;
  readonly startedAt: string;
  /** Null if the command did not end, or is still running. */
  readonly finishedAt: string | null;
  readonly outcome: string | null;
  /** The jobs and workers that it changed; null if unknown. */
  readonly jobs: readonly string[] | null;
  readonly workers: readonly string[] | null;
}

/** The jobs and workers that a command changed. */
export interface Touched {
  readonly jobs: readonly string[];
  readonly workers: readonly string[];
}

/** A selection of entries, newest first. */
export interface HistoryFilter {
  readonly job?: string | undefined;
  readonly worker?: string | undefined;
  /** Only entries with a smaller number; default: all. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/**
 * Every command that took the lock to change something. The row of a command is also its fence: the transaction that
 * begins the command increases the number, and workers refuse all but the newest command.
 */
export class HistoryRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Records a command and returns its fence. The record is on disk before this function returns. */
  begin({ command, user, machine, path, at }: BegunCommand): Fence {
    const holder = randomBytes(8).toString("hex");
    const insert =
      "INSERT INTO history (holder, command, user, machine, path, started_at, git_commit) SELECT ?, ?, ?, ?, ?, ?, json_extract(built, '$.commit') FROM bucket";
    return { number: this.#db.run(insert, holder, command, user, machine, path, at), holder };
  }

  /** Records the id of a command in the logs, and the number of its run. */
  name(number: number, id: string, run?: number): void {
    this.#db.run("UPDATE history SET id = ?, run = ? WHERE number = ?", id, run ?? null, number);
  }

  /** Records how a command ended. */
  finish(number: number, outcome: string, at: string): void {
    this.#db.run("UPDATE history SET finished_at = ?, outcome = ? WHERE number = ?", at, outcome, number);
  }

  /** Records the jobs and workers that a command changed. */
  touch(number: number, { jobs, workers }: Touched): void {
    const update = "UPDATE history SET jobs = ?, workers = ? WHERE number = ?";
    this.#db.run(update, JSON.stringify(jobs), JSON.stringify(workers), number);
  }

  /** Records the commit that a build read. */
  setCommit(number: number, commit: string | null): void {
    this.#db.run("UPDATE history SET git_commit = ? WHERE number = ?", commit, number);
  }

  /** Makes the number of a command, and of all later commands, greater than `beyond`. */
  advance(number: number, beyond: number): void {
    this.#db.run("UPDATE history SET number = max(number, ?) WHERE number = ?", beyond + 1, number);
  }

  /** Whether this holder is a command of this store, or a command whose changes were taken over. */
  knows(holder: string): boolean {
    const known = "SELECT 1 FROM history WHERE holder = ? UNION ALL SELECT 1 FROM adopted_holder WHERE holder = ?";
    return this.#db.get(known, holder, holder) !== undefined;
  }

  /** The matching commands, newest first. */
  list({ job, worker, before, limit }: HistoryFilter): HistoryEntry[] {
    const having = "EXISTS (SELECT 1 FROM json_each(history.COLUMN) WHERE value = ?)";
    const [ofJob, onWorker] = [having.replace("COLUMN", "jobs"), having.replace("COLUMN", "workers")];
    const where = [
      ...(job === undefined ? [] : [ofJob]),
      ...(worker === undefined ? [] : [onWorker]),
      ...(before === undefined ? [] : ["number < ?"]),
    ];
    const values = [job, worker, before].filter((value) => value !== undefined);
    const condition = where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`;
    return this.#db
      .all(`SELECT * FROM history${condition} ORDER BY number DESC LIMIT ?`, ...values, limit)
      .map(entryOf);
  }
}

function entryOf(row: Row): HistoryEntry {
  const text = (key: string) => (typeof row[key] === "string" ? row[key] : null);
  return {
    number: Number(row.number),
    id: text("id"),
    run: row.run === null ? null : Number(row.run),
    command: String(row.command),
    user: text("user"),
    machine: text("machine"),
    path: text("path"),
    commit: text("git_commit"),
    startedAt: String(row.started_at),
    finishedAt: text("finished_at"),
    outcome: text("outcome"),
    jobs: listIn(row.jobs),
    workers: listIn(row.workers),
  };
}

function listIn(value: unknown): readonly string[] | null {
  if (typeof value !== "string") return null;
  const list: readonly string[] = JSON.parse(value);
  return list;
}
