import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copiedTestStore, isInPostgres } from "../postgres/test-store.ts";
import { forgetCopy } from "./forget-copy.ts";

const SETTING = /^store = "(.*)"\n/m;

/** The line of a bucket's maand.conf about a store in a test's database; empty for SQLite. */
export function storeSetting(root: string): string {
  const conf = join(root, "maand.conf");
  return existsSync(conf) ? (SETTING.exec(readFileSync(conf, "utf8"))?.[0] ?? "") : "";
}

/** The URL of the database that has a bucket's store; undefined for SQLite. */
export function databaseOf(root: string): string | undefined {
  return SETTING.exec(storeSetting(root))?.[1];
}

/**
 * Gives the copy of a bucket its own store, in a separate database if the tests run with PostgreSQL. Tests of team mode
 * share their store.
 */
export function takeOwnStore(root: string): void {
  forgetCopy(root);
  const url = databaseOf(root);
  if (url === undefined || !isInPostgres()) return;
  const conf = join(root, "maand.conf");
  writeFileSync(conf, readFileSync(conf, "utf8").replace(url, copiedTestStore(url)));
}
