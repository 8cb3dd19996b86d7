import { chmodSync, existsSync } from "node:fs";
import Sqlite, { type Database, type Statement } from "better-sqlite3";
import { MaandError } from "../errors.ts";
import { migrate } from "./migrations.ts";

/** Milliseconds what is written later may wait for company. */
const LATER_MS = 20;

/** One row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * The open SQLite file behind the store: prepared statements, and transactions that never span an `await`. Every failure
 * of SQLite leaves here as STORE_BROKEN.
 */
export class StoreDatabase {
  readonly #db: Database;
  readonly #file: string;
  readonly #statements = new Map<string, Statement<unknown[], Row>>();
  readonly #later: { readonly sql: string; readonly values: readonly unknown[] }[] = [];
  #soon: NodeJS.Timeout | undefined;

  private constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
  }

  /** Opens the file, which must exist unless `create`, and brings its tables up to date. */
  static open(file: string, { create = false }: { readonly create?: boolean } = {}): StoreDatabase {
    if (!create && file !== ":memory:" && !existsSync(file)) throw broken(file, "it does not exist", undefined);
    return guarded(file, () => {
      const db = new Sqlite(file, { timeout: 5000 });
      if (create && file !== ":memory:") chmodSync(file, 0o600);
      db.pragma("journal_mode = WAL");
      db.pragma("synchronous = FULL");
      db.pragma("foreign_keys = ON");
      migrate(db);
      return new StoreDatabase(db, file);
    });
  }

  all(sql: string, ...values: readonly unknown[]): Row[] {
    this.#catchUp();
    return this.#guarded(() => this.#prepare(sql).all(...values));
  }

  get(sql: string, ...values: readonly unknown[]): Row | undefined {
    this.#catchUp();
    return this.#guarded(() => this.#prepare(sql).get(...values));
  }

  /** Runs a statement that writes; answers the id of the row it put in. */
  run(sql: string, ...values: readonly unknown[]): number {
    this.#catchUp();
    return this.#guarded(() => Number(this.#prepare(sql).run(...values).lastInsertRowid));
  }

  /**
   * Runs a statement that writes, soon and together with others: before anything else is asked of the store, and after
   * 20 ms at the latest. For what may be lost with the process, since every transaction waits for the disk.
   */
  later(sql: string, ...values: readonly unknown[]): void {
    if (this.#db.inTransaction) {
      this.run(sql, ...values);
      return;
    }
    this.#later.push({ sql, values });
    this.#soon ??= setTimeout(() => this.#catchUpOrWait(), LATER_MS);
  }

  /** Does `work` as one transaction: all of it is stored, or nothing. */
  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return this.#guarded(work);
    const queued = this.#later.length;
    const all = this.#db.transaction(() => {
      for (const { sql, values } of this.#later) this.#prepare(sql).run(...values);
      return work();
    });
    const result = this.#guarded(() => all.immediate());
    this.#later.splice(0, queued);
    return result;
  }

  close(): void {
    try {
      this.#catchUp();
    } finally {
      this.#db.close();
    }
  }

  /** Writes what was put off. */
  #catchUp(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#later.length > 0 && !this.#db.inTransaction) this.transaction(() => undefined);
  }

  /** What cannot be written now stays queued, and is the error of who asks next. */
  #catchUpOrWait(): void {
    try {
      this.#catchUp();
    } catch {}
  }

  /** Who was kept waiting once does not wait again: nothing else can happen in this process meanwhile. */
  #guarded<T>(work: () => T): T {
    return guarded(this.#file, work, () => this.#db.pragma("busy_timeout = 0"));
  }

  #prepare(sql: string): Statement<unknown[], Row> {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare<unknown[], Row>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function guarded<T>(file: string, work: () => T, onBusy = () => {}): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Sqlite.SqliteError)) throw cause;
    if (BUSY.test(cause.code)) onBusy();
    throw broken(file, cause.message, cause);
  }
}

const BUSY = /^SQLITE_(BUSY|LOCKED)/;

/** What SQLite says by the beginning of its code, what it means, and what to do. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [BUSY, "another program is writing to it", "close what has it open, such as sqlite3, and run the command again"],
  [
    /^SQLITE_(FULL|IOERR_(WRITE|SHMSIZE|FSYNC|TRUNCATE))/,
    "its disk is full",
    "free space there and run the command again; nothing is lost",
  ],
  [
    /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/,
    "it is damaged",
    "restore data/ from a backup; the workers are as they were",
  ],
  [/^SQLITE_(READONLY|CANTOPEN|PERM)/, "it cannot be written", "look at the permissions of data/ and who you are"],
];

function broken(file: string, why: string, cause: unknown): MaandError {
  const code = cause instanceof Sqlite.SqliteError ? cause.code : "";
  const [, meaning, hint] = REASONS.find(([pattern]) => pattern.test(code)) ?? [];
  return new MaandError({
    code: "STORE_BROKEN",
    message: `the store ${file} cannot be used: ${meaning === undefined ? why : `${meaning} (${why})`}`,
    hint: hint ?? "look at free disk space and at the permissions of data/; restore it from a backup if it is damaged",
    cause,
  });
}
