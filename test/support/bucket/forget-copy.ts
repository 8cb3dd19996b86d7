import { createRequire } from "node:module";
import { join } from "node:path";

const Database = createRequire(new URL("../../../packages/core/package.json", import.meta.url))("better-sqlite3");

/** Makes the copy of a bucket an independent bucket with its own workers, like its first command. */
export function forgetCopy(root: string): void {
  const db = new Database(join(root, "data/maand.db"));
  try {
    db.prepare("UPDATE bucket SET copy = NULL").run();
  } finally {
    db.close();
  }
}
