import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { startPostgres } from "./postgres.ts";

/** Selects where the buckets of end-to-end tests have their store: MAAND_TEST_STORE=postgres. */
const SELECTED = "MAAND_TEST_STORE";
/** The port of the server for all of them. */
const PORT = "MAAND_TEST_POSTGRES";

/** What commands need to log in there. */
export function storeEnvironment(): Readonly<Record<string, string>> {
  return process.env[PORT] === undefined ? {} : { PGPASSWORD: "secret" };
}

/** Starts the server if it was selected; returns a function that ends it. */
export async function startTestStore(): Promise<() => Promise<void>> {
  if (process.env[SELECTED] !== "postgres") return async () => {};
  const postgres = await startPostgres();
  postgres.database(); // makes the user
  process.env[PORT] = String(postgres.port);
  process.env.PGPASSWORD = "secret";
  return () => postgres.dispose();
}

/** The URL of a new database for one bucket; undefined for SQLite. */
export function newTestStore(): string | undefined {
  const port = process.env[PORT];
  if (port === undefined) return undefined;
  const name = `b${randomUUID().replaceAll("-", "")}`;
  const sql = `CREATE DATABASE ${name} OWNER maand`;
  execFileSync("psql", ["-h", "127.0.0.1", "-p", port, "-U", "postgres", "-qAt", "-d", "postgres", "-c", sql], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return `postgres://maand@127.0.0.1:${port}/${name}`;
}
