import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { startPostgres } from "./postgres.ts";

/** Selects where the buckets of end-to-end tests have their store: MAAND_TEST_STORE=postgres. */
const SELECTED = "MAAND_TEST_STORE";
/** The port of the server for all of them. */
const PORT = "MAAND_TEST_POSTGRES";

/** What a process of tests has whose buckets have their store in PostgreSQL. */
export const IN_POSTGRES = { [SELECTED]: "postgres", PGPASSWORD: "secret" };

/** The port of the server for the buckets of this process; undefined if they have their store in a file. */
function port(): string | undefined {
  return process.env[SELECTED] === "postgres" ? process.env[PORT] : undefined;
}

/** What commands need to log in there. */
export function storeEnvironment(): Readonly<Record<string, string>> {
  return port() === undefined ? {} : { PGPASSWORD: "secret" };
}

/** Starts the server if it was selected; returns a function that ends it. */
export async function startTestStore(): Promise<() => Promise<void>> {
  return process.env[SELECTED] === "postgres" ? startServer() : async () => {};
}

/** Starts the server, which processes of tests find through this one's environment, unless it runs already. */
export async function startServer(): Promise<() => Promise<void>> {
  if (process.env[PORT] !== undefined) return async () => {};
  const postgres = await startPostgres();
  postgres.database(); // makes the user
  process.env[PORT] = String(postgres.port);
  if (process.env[SELECTED] === "postgres") process.env.PGPASSWORD = "secret";
  return () => postgres.dispose();
}

/** The URL of a new database for one bucket; undefined for SQLite. */
export function newTestStore(): string | undefined {
  const at = port();
  if (at === undefined) return undefined;
  const name = `b${randomUUID().replaceAll("-", "")}`;
  const sql = `CREATE DATABASE ${name} OWNER maand`;
  execFileSync("psql", ["-h", "127.0.0.1", "-p", at, "-U", "postgres", "-qAt", "-d", "postgres", "-c", sql], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return `postgres://maand@127.0.0.1:${at}/${name}`;
}
