import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import Sqlite, { type Database, type Statement } from "better-sqlite3";
import { migrate } from "./migrations.ts";
import { openSqlite } from "./sqlite.ts";
import { isBusy, storeBroken } from "./store-error.ts";
import { checkFile, recognise } from "./store-file.ts";

/** Milliseconds what is written later may wait for company. */
const LATER_MS = 20;

/** One row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** How a store is opened. */
export interface OpenOptions {
  /** Make the file where there is none. */
  readonly create?: boolean;
  /** Take an empty file for one whose making was cut short. */
  readonly mayBeEmpty?: boolean;
}

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

  /** Opens the file, which must be a store unless `create` makes one, and brings its tables up to date. */
  static open(file: string, options: OpenOptions = {}): StoreDatabase {
    if (file !== ":memory:") prepareFile(file, options);
    return guarded(file, () => {
      const db = openSqlite(file, { timeout: 5000 });
      try {
        if (file !== ":memory:" && statSync(file).size > 0) recognise(db, file);
        db.pragma("synchronous = FULL");
        db.pragma("foreign_keys = ON");
        migrate(db);
        db.pragma("journal_mode = WAL"); // last, so that what is made is made whole or stays empty
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

  /** Runs a statement whose effect other processes see at once, and which may be lost with the machine: it waits for no disk. */
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

  /**
   * From now on all reads are of this moment, whatever other processes store meanwhile, until the answer is called. For
   * commands that only read: they keep nothing waiting, and nothing keeps them waiting.
   */
  snapshot(): () => void {
    this.#catchUp();
    this.#guarded(() => this.#db.exec("BEGIN"));
    this.get("SELECT count(*) FROM sqlite_schema"); // a snapshot is taken by its first read
    return () => this.#guarded(() => this.#db.exec("COMMIT"));
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

/** Makes the file, private, or looks at the one that is there. */
function prepareFile(file: string, { create = false, mayBeEmpty = false }: OpenOptions): void {
  const isMade = create && makeFile(file);
  checkFile(file, { mayBeEmpty: mayBeEmpty || isMade });
  if (create) chmodSync(file, 0o600);
}

/** Makes an empty private file where there is nothing, and answers whether it did. SQLite would let others read it. */
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
