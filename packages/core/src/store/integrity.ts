import { existsSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { STORE_VERSION } from "./migrations.ts";

/** What a look at a store file found. */
export interface StoreState {
  readonly state: "sound" | "missing" | "damaged" | "newer" | "older";
  /** What SQLite says of it, or which versions there are. */
  readonly message: string;
}

/** Looks a store over without changing it, whatever state it is in. */
export function storeState(file: string): StoreState {
  if (!existsSync(file)) return { state: "missing", message: "it is not there" };
  try {
    const db = new Sqlite(file, { readonly: true, timeout: 5000 });
    try {
      return stateOf(
        db.pragma("quick_check(5)", { simple: true }),
        Number(db.pragma("user_version", { simple: true })),
      );
    } finally {
      db.close();
    }
  } catch (cause) {
    return { state: "damaged", message: cause instanceof Error ? cause.message : String(cause) };
  }
}

function stateOf(check: unknown, version: number): StoreState {
  if (check !== "ok") return { state: "damaged", message: String(check).replace(/\s+/g, " ") };
  const message = `version ${version} of ${STORE_VERSION}`;
  return { state: version > STORE_VERSION ? "newer" : version < STORE_VERSION ? "older" : "sound", message };
}
