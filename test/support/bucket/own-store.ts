import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copiedTestStore, isInPostgres } from "../postgres/test-store.ts";
import { forgetCopy } from "./forget-copy.ts";

const SETTING = /^store = "(.*)"\n/m;

/** The line for a bucket's maand.conf that sets its store to a database of the tests; empty for SQLite. */
export function storeSetting(root: string): string {
  const conf = join(root, "maand.conf");
  return existsSync(conf) ? (SETTING.exec(readFileSync(conf, "utf8"))?.[0] ?? "") : "";
}

/** The URL of the database with a bucket's store; undefined for SQLite. */
export function databaseOf(root: string): string | undefined {
  return SETTING.exec(storeSetting(root))?.[1];
}

/**
 * Gives the copy of a bucket its own store, in a separate database if the tests run with PostgreSQL. In tests of team
 * mode, copies share the store.
 */
export function takeOwnStore(root: string): void {
  forgetCopy(root);
  const url = databaseOf(root);
  if (url === undefined || !isInPostgres()) return;
  const conf = join(root, "maand.conf");
  writeFileSync(conf, readFileSync(conf, "utf8").replace(url, copiedTestStore(url)));
}
