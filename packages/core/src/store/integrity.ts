import Sqlite from "better-sqlite3";
import { isMaandError } from "../errors.ts";
import { STORE_VERSION } from "./migrations.ts";
import { openSqlite } from "./sqlite.ts";
import { storeBroken } from "./store-error.ts";
import { checkFile, recognise } from "./store-file.ts";

/** The result of an integrity check. */
export interface StoreState {
  readonly state: "sound" | "damaged" | "foreign" | "newer" | "older";
  /** The problem of the store, or the versions in it. */
  readonly message: string;
  /** The version of its tables; undefined if it cannot be read. */
  readonly version?: number;
}

/** Checks a store without changing it, whatever its state. */
export function storeState(file: string): StoreState {
  try {
    checkFile(file);
    const db = openSqlite(file, { readonly: true, timeout: 5000 });
    try {
      recognise(db, file);
      const version = Number(db.pragma("user_version", { simple: true }));
      return { ...stateOf(db.pragma("quick_check(5)", { simple: true }), version), version };
    } finally {
      db.close();
    }
  } catch (cause) {
    const error = cause instanceof Sqlite.SqliteError ? storeBroken(file, cause) : cause;
    if (!isMaandError(error)) throw error;
    if (error.code === "NOT_A_STORE") return { state: "foreign", message: error.message };
    if (error.code === "STORE_BROKEN") return { state: "damaged", message: error.message };
    throw error;
  }
}

function stateOf(check: unknown, version: number): StoreState {
  if (check !== "ok") return { state: "damaged", message: `it is damaged: ${String(check).replace(/\s+/g, " ")}` };
  const message = `version ${version} of ${STORE_VERSION}`;
  return { state: version > STORE_VERSION ? "newer" : version < STORE_VERSION ? "older" : "sound", message };
}
