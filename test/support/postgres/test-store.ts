import { randomUUID } from "node:crypto";
import { psql, startPostgres } from "./postgres.ts";

/** The variable that selects the place of stores in end-to-end tests: MAAND_TEST_STORE=postgres. */
const SELECTED = "MAAND_TEST_STORE";
/** The variable with the port of the server. */
const PORT = "MAAND_TEST_POSTGRES";

/** The environment of a test process whose buckets have their store in PostgreSQL. */
export const IN_POSTGRES = { [SELECTED]: "postgres", PGPASSWORD: "secret" };

/** The port of the server for the buckets of this process; undefined if their stores are files. */
function port(): string | undefined {
  return process.env[SELECTED] === "postgres" ? process.env[PORT] : undefined;
}

/** Whether the buckets of this process have their store in PostgreSQL. */
export function isInPostgres(): boolean {
  return port() !== undefined;
}

/** The environment variables with which commands log in to the server. */
export function storeEnvironment(): Readonly<Record<string, string>> {
  return port() === undefined ? {} : { PGPASSWORD: "secret" };
}

/** Starts the server if it is selected. Returns a function that ends it. */
export async function startTestStore(): Promise<() => Promise<void>> {
  return process.env[SELECTED] === "postgres" ? startServer() : async () => {};
}

/** Starts the server unless it is already running. Test processes find it through the environment of this process. */
export async function startServer(): Promise<() => Promise<void>> {
  if (process.env[PORT] !== undefined) return async () => {};
  const postgres = await startPostgres();
  postgres.database(); // creates the user
  process.env[PORT] = String(postgres.port);
  if (process.env[SELECTED] === "postgres") process.env.PGPASSWORD = "secret";
  return () => postgres.dispose();
}

/** Creates a database for a bucket, and returns its URL; undefined for SQLite. */
export function newTestStore(): string | undefined {
  const at = port();
  if (at === undefined) return undefined;
  const name = newName();
  psql(Number(at), "postgres", `CREATE DATABASE ${name} OWNER maand`);
  return `postgres://maand@127.0.0.1:${at}/${name}`;
}

/** Milliseconds between two attempts to copy a database while its last command is still connected. */
const PAUSE_MS = 20;
const TRIES = 500;

/** Copies a database of `newTestStore`, and returns the URL of the copy. */
export function copiedTestStore(url: string): string {
  const { port: at, pathname } = new URL(url);
  const name = newName();
  for (let tries = 1; ; tries += 1) {
    try {
      psql(Number(at), "postgres", `CREATE DATABASE ${name} TEMPLATE ${pathname.slice(1)} OWNER maand`);
      return url.replace(pathname, `/${name}`);
    } catch (cause) {
      if (tries === TRIES) throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

/** Runs SQL in the database of a store. */
export function inTestStore(url: string, sql: string): void {
  const { port: at, pathname } = new URL(url);
  psql(Number(at), pathname.slice(1), sql);
}

function newName(): string {
  return `b${randomUUID().replaceAll("-", "")}`;
}
