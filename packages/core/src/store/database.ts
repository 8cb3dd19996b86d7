import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import Sqlite, { type Database, type Statement } from "better-sqlite3";
import { migrate } from "./migrations.ts";
import { openSqlite } from "./sqlite.ts";
import { isBusy, storeBroken } from "./store-error.ts";
import { checkFile, recognise } from "./store-file.ts";

/** Milliseconds that a deferred write may wait for others. */
const LATER_MS = 20;

/** Where the header of an SQLite file says how it is journaled, and the value for a rollback journal. */
const JOURNAL_BYTES = [18, 20] as const;
const ROLLBACK_JOURNAL = 1;

/** One row as SQLite returns it. */
export type Row = Readonly<Record<string, unknown>>;

/** Options for opening a store. */
export interface OpenOptions {
  /** Create the file if it is missing. */
  readonly create?: boolean;
  /** Treat an empty file as a store whose creation was interrupted. */
  readonly mayBeEmpty?: boolean;
}

/**
 * The open SQLite file of the store: prepared statements, and transactions that never span an `await`. Every SQLite error is
 * rethrown as STORE_BROKEN.
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

  /** Opens the file and migrates its tables. The file must be a store, unless `create` creates one. */
  static open(file: string, options: OpenOptions = {}): StoreDatabase {
    if (file !== ":memory:") prepareFile(file, options);
    return guarded(file, () => {
      const db = openSqlite(file, { timeout: 5000 });
      try {
        if (file !== ":memory:" && statSync(file).size > 0) recognise(db, file);
        db.pragma("synchronous = FULL");
        db.pragma("foreign_keys = ON");
        db.pragma("temp_store = MEMORY"); // TMPDIR may be full or missing
        migrate(db);
        db.pragma("journal_mode = WAL"); // last, so that a new store is either complete or empty
        return new StoreDatabase(db, file);
      } catch (cause) {
        db.close();
        throw cause;
      }
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

  /** Runs a statement that writes; returns the id of the inserted row. */
  run(sql: string, ...values: readonly unknown[]): number {
    this.#catchUp();
    return this.#guarded(() => Number(this.#prepare(sql).run(...values).lastInsertRowid));
  }

  /**
   * Defers a statement that writes, to run it together with others: before the next read of the store, and after 20 ms at
   * the latest. Use it for data that may be lost with the process, because every transaction waits for the disk.
   */
  later(sql: string, ...values: readonly unknown[]): void {
    if (this.#db.inTransaction) {
      this.run(sql, ...values);
      return;
    }
    this.#later.push({ sql, values });
    this.#soon ??= setTimeout(() => this.#catchUpOrWait(), LATER_MS);
  }

  /**
   * Runs a statement whose effect other processes see immediately. It does not wait for the disk, so a crash of the machine
   * may lose it.
   */
  briefly(sql: string, ...values: readonly unknown[]): void {
    this.#catchUp();
    this.#guarded(() => {
      this.#db.pragma("synchronous = NORMAL");
      try {
        this.#prepare(sql).run(...values);
      } finally {
        this.#db.pragma("synchronous = FULL");
      }
    });
  }

  /** Runs `work` as one transaction: everything is stored, or nothing. */
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

  /**
   * All reads see this snapshot, independent of writes by other processes, until the returned function is called. For
   * commands that only read: they block no other process, and no other process blocks them.
   */
  snapshot(): () => void {
    this.#catchUp();
    this.#guarded(() => this.#db.exec("BEGIN"));
    this.get("SELECT count(*) FROM sqlite_schema"); // the first read takes the snapshot
    return () => this.#guarded(() => this.#db.exec("COMMIT"));
  }

  /** A copy of the whole store in memory, as it is now. Nothing that is written to it reaches the file. */
  copy(): StoreDatabase {
    this.#catchUp();
    return this.#guarded(() => {
      const bytes = this.#db.serialize();
      bytes.fill(ROLLBACK_JOURNAL, ...JOURNAL_BYTES); // a database in memory cannot have a write-ahead log
      const db = openSqlite(bytes, {});
      db.pragma("foreign_keys = ON");
      return new StoreDatabase(db, ":memory:");
    });
  }

  close(): void {
    try {
      this.#catchUp();
    } finally {
      this.#db.close();
    }
  }

  /** Runs the deferred writes. */
  #catchUp(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#later.length > 0 && !this.#db.inTransaction) this.transaction(() => undefined);
  }

  /** A deferred write that fails stays queued; the next caller gets the error. */
  #catchUpOrWait(): void {
    try {
      this.#catchUp();
    } catch {}
  }

  /** After one wait, the store does not wait again, because waiting blocks the whole process. */
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

/** Creates the file with private permissions, or checks the existing one. */
function prepareFile(file: string, { create = false, mayBeEmpty = false }: OpenOptions): void {
  const isMade = create && makeFile(file);
  checkFile(file, { mayBeEmpty: mayBeEmpty || isMade });
  if (create) chmodSync(file, 0o600);
}

/**
 * Creates an empty private file if none exists; returns whether it did. A file that SQLite creates would be readable by
 * other users.
 */
export function makeFile(file: string): boolean {
  try {
    closeSync(openSync(file, "wx", 0o600));
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}

function guarded<T>(file: string, work: () => T, onBusy = () => {}): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Sqlite.SqliteError)) throw cause;
    if (isBusy(cause)) onBusy();
    throw storeBroken(file, cause);
  }
}
