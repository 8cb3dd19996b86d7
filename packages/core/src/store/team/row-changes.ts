import type { Database, Statement } from "better-sqlite3";
import { groupBy } from "../../domain/group-by.ts";

/** A row of any table as a value: `row` is a JSON object of its columns without bytes, and null for a deleted row. */
export interface RowChange {
  /** The table. */
  readonly name: string;
  /** Its primary key, as a JSON list. */
  readonly key: string;
  readonly row: string | null;
  /** The value of the table's BLOB column; null if there is none. */
  readonly bytes: Buffer | null;
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly keys: readonly string[];
  /** The BLOB column, if the table has one. */
  readonly blob: string | undefined;
}

/**
 * Tables that are not part of the store: the table of the working copy, and tables that each copy derives from its own
 * rows.
 */
const OWN: ReadonlySet<string> = new Set(["replica", "settled_job", "placement"]);

/** Reads all columns of all tables in one statement. */
const COLUMNS = `SELECT t.name AS "table", c.name, c.type, c.pk FROM main.sqlite_schema AS t, pragma_table_info(t.name) AS c
  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid`;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

/**
 * The tables of a store with their columns, as SQLite describes them, so that both databases share one list of
 * migrations.
 */
export function tablesOf(db: Database): Table[] {
  const byTable = groupBy(db.prepare<[], Column>(COLUMNS).all(), ({ table }) => table);
  return [...byTable].filter(([name]) => !OWN.has(name)).map(([name, columns]) => tableOf(name, columns));
}

function tableOf(name: string, columns: readonly Column[]): Table {
  const keys = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  return {
    name,
    columns: columns.map((column) => column.name),
    keys: keys.map((column) => column.name),
    blob: columns.find(({ type }) => type === "BLOB")?.name,
  };
}

/**
 * The rows of a store as values. While it watches, triggers note the keys of all rows that are written on this
 * connection, including cascaded deletes.
 */
export class RowChanges {
  readonly #db: Database;
  #known: ReadonlyMap<string, Table> | undefined;
  #isWatching = false;
  readonly #reads = new Map<string, Statement<unknown[], Record<string, unknown>>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * The tables by name. They are read when first needed, because most commands only read the store and find their
   * working copy up to date.
   */
  get #tables(): ReadonlyMap<string, Table> {
    this.#known ??= new Map(tablesOf(this.#db).map((table) => [table.name, table]));
    return this.#known;
  }

  /**
   * Begins to note keys, unless it already does. Do not call this in a transaction, because a rollback would remove the
   * triggers.
   */
  watch(): void {
    if (this.#isWatching) return;
    const db = this.#db;
    db.pragma("recursive_triggers = ON"); // without this, rows that INSERT OR REPLACE deletes would not be noted
    db.exec("CREATE TEMP TABLE changed_row (name TEXT NOT NULL, key TEXT NOT NULL)");
    for (const table of this.#tables.values()) db.exec(triggersOf(table));
    this.#isWatching = true;
  }

  /** Forgets the noted keys. Call this when a transaction begins. */
  clear(): void {
    this.#prepared("DELETE FROM temp.changed_row").run();
  }

  /** The rows that were written since the keys were last forgotten, each once, with their current values. */
  *collect(): Generator<RowChange> {
    const noted = this.#prepared("SELECT DISTINCT name, key FROM temp.changed_row").all();
    for (const { name, key } of noted) yield this.#rowOf(String(name), String(key));
  }

  /**
   * Replaces rows with these values. Call this in a transaction, with foreign keys off, so that the order does not
   * matter and nothing cascades.
   */
  apply(changes: Iterable<RowChange>): void {
    const upserts: RowChange[] = [];
    for (const change of changes) {
      this.#delete(change);
      if (change.row !== null) upserts.push(change);
    }
    for (const change of upserts) this.#insert(change);
  }

  /** Deletes all rows. */
  wipe(): void {
    for (const { name } of this.#tables.values()) this.#prepared(`DELETE FROM ${quoted(name)}`).run();
  }

  #rowOf(name: string, key: string): RowChange {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`a trigger noted a row of ${name}, which is not a table`);
    const where = table.keys.map((column) => `${quoted(column)} = ?`).join(" AND ");
    const row = this.#prepared(`SELECT * FROM ${quoted(name)} WHERE ${where}`).get(...valuesOf(key));
    return row ? changeOf(table, row) : { name, key: sameText(key), row: null, bytes: null };
  }

  #delete({ name, key }: RowChange): void {
    const table = this.#tables.get(name);
    if (!table) return;
    const where = table.keys.map((column) => `${quoted(column)} = ?`).join(" AND ");
    this.#prepared(`DELETE FROM ${quoted(name)} WHERE ${where}`).run(...valuesOf(key));
  }

  /**
   * Inserts a row. Skips tables and columns that this version of maand does not have, because a migration has dropped
   * them.
   */
  #insert({ name, row, bytes }: RowChange): void {
    const table = this.#tables.get(name);
    if (!table || row === null) return;
    const values: Record<string, unknown> = JSON.parse(row);
    if (table.blob !== undefined) values[table.blob] = bytes;
    const columns = table.columns.filter((column) => Object.hasOwn(values, column));
    const sql = `INSERT INTO ${quoted(name)} (${columns.map(quoted).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
    this.#prepared(sql).run(...columns.map((column) => values[column]));
  }

  #prepared(sql: string): Statement<unknown[], Record<string, unknown>> {
    const prepared = this.#reads.get(sql);
    if (prepared) return prepared;
    const statement = this.#db.prepare<unknown[], Record<string, unknown>>(sql);
    this.#reads.set(sql, statement);
    return statement;
  }
}

/** Replaces all rows of a store with these rows in one transaction. */
export function replaceAll(db: Database, rows: Iterable<RowChange>): void {
  const changes = new RowChanges(db);
  db.pragma("foreign_keys = OFF");
  try {
    const work = db.transaction(() => {
      changes.wipe();
      changes.apply(rows);
    });
    work.immediate();
  } finally {
    db.pragma("foreign_keys = ON");
  }
}

/** All rows of a store, ordered by table and key. */
export function* allRows(db: Database): Generator<RowChange> {
  for (const table of tablesOf(db)) yield* rowsIn(db, table);
}

function* rowsIn(db: Database, table: Table): Generator<RowChange> {
  const order = table.keys.map(quoted).join(", ");
  const rows = db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${quoted(table.name)} ORDER BY ${order}`);
  for (const row of rows.iterate()) yield changeOf(table, row);
}

function changeOf({ name, keys, columns, blob }: Table, row: Readonly<Record<string, unknown>>): RowChange {
  const key = JSON.stringify(keys.map((column) => row[column]));
  const plain = columns.filter((column) => column !== blob);
  const bytes = blob === undefined ? null : row[blob];
  return {
    name,
    key,
    row: JSON.stringify(Object.fromEntries(plain.map((column) => [column, row[column]]))),
    bytes: Buffer.isBuffer(bytes) ? bytes : null,
  };
}

function triggersOf({ name, keys }: Table): string {
  const note = (side: "NEW" | "OLD") =>
    `INSERT INTO changed_row VALUES ('${name}', json_array(${keys.map((key) => `${side}.${quoted(key)}`).join(", ")}));`;
  const trigger = (event: string, ...sides: ("NEW" | "OLD")[]) =>
    `CREATE TEMP TRIGGER ${quoted(`note ${event} ${name}`)} AFTER ${event} ON main.${quoted(name)} BEGIN ${sides.map(note).join(" ")} END;`;
  return [trigger("INSERT", "NEW"), trigger("UPDATE", "OLD", "NEW"), trigger("DELETE", "OLD")].join("\n");
}

function valuesOf(key: string): unknown[] {
  const values: unknown = JSON.parse(key);
  return Array.isArray(values) ? values : [];
}

/** The canonical text of a key. SQLite and JavaScript escape some characters in JSON differently. */
function sameText(key: string): string {
  return JSON.stringify(JSON.parse(key));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
