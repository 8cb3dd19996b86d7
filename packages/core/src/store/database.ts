import { chmodSync, statSync } from "node:fs";
import type { Database, Statement } from "better-sqlite3";
import { copyStore } from "./files/copy-store.ts";
import { makeFile } from "./files/make-file.ts";
import { migrate } from "./migrations.ts";
import { openSqlite } from "./sqlite.ts";
import { guarded } from "./store-error.ts";
import { checkFile, recognise } from "./store-file.ts";
import { checkReplica } from "./team/check-replica.ts";
import { type RowChange, replaceAll } from "./team/row-changes.ts";
import { openCopy, type SharedStore } from "./team/shared-store.ts";
import type { WorkingCopy } from "./team/working-copy.ts";

/** How long a deferred write waits for other writes, in milliseconds, in a store that waits only for the disk. */
const LATER_MS = 20;
/** The same time in a shared store, whose transactions wait for a database. */
const LATER_SHARED_MS = 200;

/** The bytes in the header of an SQLite file that set the journal mode, and their value for a rollback journal. */
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
  /** The shared store, if this file is only its working copy; default: none, which means an SQLite store. */
  readonly shared?: SharedStore;
}

/**
 * The open SQLite file of the store, with prepared statements, and with transactions that never span an `await`. Every
 * SQLite error is rethrown as STORE_BROKEN.
 */
export class StoreDatabase {
  readonly #db: Database;
  readonly #file: string;
  readonly #statements = new Map<string, Statement<unknown[], Row>>();
  readonly #later: { readonly sql: string; readonly values: readonly unknown[] }[] = [];
  /** The tables that deferred writes change. */
  readonly #deferredTables = new Set<string>();
  #soon: NodeJS.Timeout | undefined;
  #rolledBack: () => void = () => {};
  /** Undefined for a store that consists of this file alone. */
  readonly workingCopy: WorkingCopy | undefined;

  private constructor(db: Database, file: string, workingCopy?: WorkingCopy) {
    this.#db = db;
    this.#file = file;
    this.workingCopy = workingCopy;
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
        db.pragma("temp_store = MEMORY"); // TMPDIR may be full or may not exist
        migrate(db);
        db.pragma("journal_mode = WAL"); // done last, so a new store is either complete or empty
        const { shared } = options;
        const replica = checkReplica(db, shared?.url, file);
        return new StoreDatabase(db, file, shared && replica && openCopy(db, shared, replica.bucket));
      } catch (cause) {
        db.close();
        throw cause;
      }
    });
  }

  all(sql: string, ...values: readonly unknown[]): Row[] {
    this.#catchUpFor(sql);
    return this.#guarded(() => this.#prepare(sql).all(...values));
  }

  /**
   * Returns the same rows as {@link all}, as lists of columns in the order of the statement. For very many rows, this
   * takes half the time.
   */
  lists(sql: string, ...values: readonly unknown[]): unknown[][] {
    this.#catchUpFor(sql);
    return this.#guarded(() =>
      this.#db
        .prepare<unknown[], unknown[]>(sql)
        .raw()
        .all(...values),
    );
  }

  get(sql: string, ...values: readonly unknown[]): Row | undefined {
    this.#catchUpFor(sql);
    return this.#guarded(() => this.#prepare(sql).get(...values));
  }

  /** Like {@link get}, for columns that no deferred statement writes. It does not store the deferred writes first. */
  getAtOnce(sql: string, ...values: readonly unknown[]): Row | undefined {
    return this.#guarded(() => this.#prepare(sql).get(...values));
  }

  /** A string that changes with every write, by this process or any other. */
  version(): string {
    return this.#guarded(() => {
      const others = this.#db.pragma("data_version", { simple: true });
      return `${others} ${this.#prepare("SELECT total_changes() AS n").get()?.n}`;
    });
  }

  /** Runs a statement that writes; returns the id of the inserted row. */
  run(sql: string, ...values: readonly unknown[]): number {
    if (this.workingCopy && !this.#db.inTransaction) return this.transaction(() => this.run(sql, ...values));
    this.#catchUp();
    return this.#guarded(() => Number(this.#prepare(sql).run(...values).lastInsertRowid));
  }

  /** Runs a statement that writes for each of many rows. Call this in a transaction. */
  runEach(sql: string, rows: Iterable<readonly unknown[]>): void {
    this.#catchUp();
    this.#guarded(() => {
      const statement = this.#prepare(sql);
      for (const values of rows) statement.run(...values);
    });
  }

  /**
   * Defers a statement that writes, to run it together with others. It runs after {@link LATER_MS}, or
   * {@link LATER_SHARED_MS} in a shared store, and earlier if a table with deferred writes is read or anything else is
   * written. Every transaction waits for the disk, so use this for data that may be lost with the process.
   */
  later(sql: string, ...values: readonly unknown[]): void {
    if (this.#db.inTransaction) {
      this.run(sql, ...values);
      return;
    }
    const table = /(?:UPDATE|INTO|FROM)\s+(\w+)/.exec(sql)?.[1] ?? "";
    this.#later.push({ sql, values });
    this.#deferredTables.add(table);
    this.#soon ??= setTimeout(() => this.flushIfPossible(), this.workingCopy ? LATER_SHARED_MS : LATER_MS);
  }

  /**
   * Runs a statement whose effect other processes see immediately. In an SQLite store, it does not wait for the disk,
   * so a crash of the machine might lose the effect.
   */
  briefly(sql: string, ...values: readonly unknown[]): void {
    if (this.workingCopy) {
      this.run(sql, ...values);
      return;
    }
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

  /**
   * Runs `work` as one transaction: everything is stored, or nothing. With a shared store, `work` runs again if
   * another command has changed the bucket in the meantime. The listener of {@link onRolledBack} is called before that.
   */
  transaction<T>(work: () => T): T {
    if (this.#db.inTransaction) return this.#guarded(work);
    const queued = this.#later.length;
    const all = this.#db.transaction(() => {
      this.workingCopy?.begin();
      for (const { sql, values } of this.#later) this.#prepare(sql).run(...values);
      const result = work();
      this.workingCopy?.push();
      return result;
    });
    const commit = () => this.#guarded(() => all.immediate());
    const result = this.workingCopy ? this.workingCopy.attempt(commit, this.#rolledBack) : commit();
    this.#later.splice(0, queued);
    if (this.#later.length === 0) this.#deferredTables.clear();
    return result;
  }

  /**
   * Registers a function to call after a transaction is rolled back to run again, and after rows arrive from a
   * database.
   */
  onRolledBack(listener: () => void): void {
    this.#rolledBack = listener;
    this.workingCopy?.onReceived(listener);
  }

  /**
   * Starts a snapshot: until the returned function is called, no read sees the writes of other processes. Commands that
   * only read use it, so that they neither block other processes nor are blocked by them.
   */
  snapshot(): () => void {
    this.#catchUp();
    this.#guarded(() => this.#db.exec("BEGIN"));
    this.get("SELECT count(*) FROM sqlite_schema"); // the first read takes the snapshot
    return () => this.#guarded(() => this.#db.exec("COMMIT"));
  }

  /** A copy of the current store in memory. Writes to it never reach the file. */
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

  /** Writes a copy of the store to a private file, and replaces the file if it exists. */
  copyTo(file: string): void {
    this.#catchUp();
    this.#guarded(() => copyStore(this.#db, file));
  }

  /** Replaces all rows with these rows, or changes nothing. */
  replaceRows(rows: Iterable<RowChange>): void {
    const { workingCopy } = this;
    if (workingCopy) {
      workingCopy.replace(rows);
      return;
    }
    this.#guarded(() => replaceAll(this.#db, rows));
  }

  /** Runs the deferred writes. A write that fails stays queued, and the next caller gets its error. */
  flushIfPossible(): void {
    try {
      this.#catchUp();
    } catch {}
  }

  close(): void {
    try {
      // if the database is unreachable, the command has already reported it
      if (this.workingCopy) this.flushIfPossible();
      else this.#catchUp();
    } finally {
      this.workingCopy?.authority.close();
      this.#db.close();
    }
  }

  /**
   * Runs the deferred writes before a read, but only if the read names a table that they write, because running them
   * waits for the disk or for a round trip to the database.
   */
  #catchUpFor(sql: string): void {
    for (const table of this.#deferredTables)
      if (sql.includes(table)) {
        this.#catchUp();
        return;
      }
  }

  /** Runs the deferred writes. */
  #catchUp(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (this.#later.length > 0 && !this.#db.inTransaction) this.transaction(() => undefined);
  }

  /**
   * Guards access to SQLite. After one wait for a lock, the store does not wait again, because waiting blocks the whole
   * process.
   */
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
