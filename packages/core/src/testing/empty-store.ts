import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bucketPaths } from "../config/find-bucket.ts";
import { Store } from "../store/store.ts";

let bytes: Buffer | undefined;

/**
 * Gives a new directory a store with all tables and no rows, which is made once per process: creating the tables takes most of the time of
 * `initBucket`.
 */
export function copyEmptyStore(root: string): void {
  const { data, store } = bucketPaths(root);
  mkdirSync(data, { mode: 0o700 });
  bytes ??= made();
  writeFileSync(store, bytes, { mode: 0o600 });
}

function made(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "maand-store-"));
  try {
    const file = join(directory, "maand.db");
    Store.open(file, { create: true }).close();
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
