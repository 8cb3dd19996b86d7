import { rmSync } from "node:fs";
import { MaandError } from "../../errors.ts";
import { migrate } from "../migrations.ts";
import { openSqlite } from "../sqlite.ts";
import type { Store } from "../store.ts";
import { checkFile, recognise } from "../store-file.ts";
import { dropReplica } from "./replica-row.ts";
import { allRows, type RowChange } from "./row-changes.ts";

/** The rows of a backup. */
export interface BackupRows {
  readonly bucket: string;
  readonly rows: readonly RowChange[];
}

/**
 * Writes a store to a private file. The file is itself a store, so a backup can be opened like any store. Returns the
 * number of rows.
 */
export function backupFile(store: Store, file: string): number {
  store.copyTo(file);
  const db = openSqlite(file, {});
  try {
    dropReplica(db);
    // the copy is not locked, even if the store was
    db.exec("UPDATE bucket SET holder = NULL");
    return [...allRows(db)].length;
  } catch (cause) {
    db.close();
    rmSync(file, { force: true });
    throw cause;
  } finally {
    db.close();
  }
}

/**
 * Reads a backup without changing it, even a backup of an older version. Throws NOT_A_STORE, STORE_BROKEN and
 * STORE_NEWER.
 */
export function readBackup(file: string): BackupRows {
  checkFile(file);
  const source = openSqlite(file, { readonly: true });
  try {
    recognise(source, file);
    const bytes = source.serialize();
    bytes.fill(1, 18, 20); // a database in memory cannot have a write-ahead log
    const db = openSqlite(bytes, {});
    try {
      migrate(db);
      const bucket = db.prepare("SELECT bucket_id FROM bucket").pluck().get();
      if (typeof bucket === "string") return { bucket, rows: [...allRows(db)] };
    } finally {
      db.close();
    }
  } finally {
    source.close();
  }
  throw new MaandError({
    code: "NOT_A_STORE",
    message: `${file} is the store of a bucket that was never initialised`,
    hint: "use a backup made by maand store backup",
  });
}
