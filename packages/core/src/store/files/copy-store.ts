import { chmodSync, existsSync, rmSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { makeFile } from "./make-file.ts";

/** Writes a copy of an open store to a private file, and replaces the file if it exists. */
export function copyStore(db: Database, to: string): void {
  if (existsSync(to)) rmSync(to);
  makeFile(to);
  db.prepare("VACUUM INTO ?").run(to);
  chmodSync(to, 0o600);
}
