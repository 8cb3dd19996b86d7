import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { MaandError } from "../errors.ts";
import { damaged } from "./store-error.ts";

/** "maan": the `application_id` of SQLite files that are maand stores. */
export const APPLICATION_ID = 0x6d61_616e;

/**
 * Refuses an empty file, and anything that is not a file, at the store's path before SQLite opens it. SQLite would turn
 * an empty file into a new store, and block on a pipe. This function only inspects the path: opening and closing the
 * file would drop the locks that SQLite holds on the file in this process.
 */
export function checkFile(file: string, { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {}): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats) throw damaged(file, lstatSync(file, { throwIfNoEntry: false }) ? DANGLING : "it does not exist");
  const kind = kindOf(stats);
  if (kind !== undefined) throw notAStore(file, kind, MOVE_AWAY);
  if (stats.size === 0 && !mayBeEmpty)
    throw damaged(file, "it is empty (0 bytes), as after a full disk or a failed copy");
}

/** The problem of a link with a missing target. */
export const DANGLING = "it is a link to a file that does not exist";

/** Describes what is at the path of a file; undefined if it is a regular file. */
export function kindOf(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  return stats.isDirectory() ? "it is a directory" : "it is not a regular file";
}

/** Refuses an open database that is not a maand store, before anything is written to it. */
export function recognise(db: Database, file: string): void {
  const tables = tablesOf(db);
  if (db.pragma("application_id", { simple: true }) === APPLICATION_ID) return;
  if (tables.length === 0) throw damaged(file, "it is an SQLite database without any table");
  if (UNMARKED.every((table) => tables.includes(table)) && isVersioned(db)) return;
  if (isGoStore(db)) throw notAStore(file, "it belongs to the earlier maand, which was written in Go", goHint(file));
  const some = tables.length > 4 ? [...tables.slice(0, 4), "..."] : tables;
  throw notAStore(file, `it is an SQLite database of another program (tables: ${some.join(", ")})`, MOVE_AWAY);
}

/** Tables of every store that was created before stores were marked. */
const UNMARKED: readonly string[] = ["bucket", "delivery", "content", "promoted", "step"];

const GO_TABLES: readonly string[] = ["bucket", "key_value", "hash", "schema_version"];

const MOVE_AWAY =
  "move it away, and restore data/ from a backup; or, for a bucket that was never built, run maand init";

/** Whether an open database that is not a maand store is a store of the earlier maand, written in Go. */
export function isGoStore(db: Database): boolean {
  const tables = tablesOf(db);
  return GO_TABLES.every((table) => tables.includes(table));
}

function goHint(file: string): string {
  return `run maand import ${dirname(dirname(file))}: it takes the bucket over and restarts nothing; --dry-run shows what it would do`;
}

function isVersioned(db: Database): boolean {
  return Number(db.pragma("user_version", { simple: true })) > 0;
}

function tablesOf(db: Database): string[] {
  const names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all();
  return names.map(String);
}

function notAStore(file: string, why: string, hint: string): MaandError {
  return new MaandError({ code: "NOT_A_STORE", message: `${file} is not the store of a bucket: ${why}`, hint });
}
