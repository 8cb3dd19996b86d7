import type { Database } from "better-sqlite3";
import { Authority } from "./authority.ts";
import { PgThread } from "./pg/pg-thread.ts";
import type { ConnectStatements } from "./pg/statements.ts";
import { WorkingCopy } from "./working-copy.ts";

/** A store in PostgreSQL, and the options for its use. */
export interface SharedStore {
  /** Without a password. */
  readonly url: string;
  /** Undefined if it comes from PGPASSWORD or ~/.pgpass. */
  readonly password: string | undefined;
  /** How long to wait for a database that does not respond, in milliseconds. */
  readonly timeoutMs: number;
  /** The time, ISO 8601. */
  readonly now: () => string;
  /** Do not connect to the database; read only the working copy. */
  readonly offline?: boolean;
  /** Download the entire working copy again, even if it is up to date. */
  readonly discards?: boolean;
  /** Makes the connection; default: to PostgreSQL, in a thread. */
  readonly connect?: ConnectStatements;
  /** Aborted when the command is interrupted. The command then no longer waits for the database. */
  readonly interrupted?: AbortSignal;
}

const toPostgres: ConnectStatements = (target, patience, interrupted) => new PgThread(target, patience, interrupted);

/** The bucket in the database; connects with the first call. */
export function authorityOf(
  { url, password, timeoutMs, connect = toPostgres, interrupted }: Omit<SharedStore, "now">,
  bucket: string,
): Authority {
  // the thread keeps the environment from the time of its start
  const target = { url, password: password ?? process.env.PGPASSWORD, application: `maand ${bucket.slice(0, 8)}` };
  const patience = { limitMs: timeoutMs, attemptMs: Math.max(1000, timeoutMs / 2) };
  return new Authority(connect(target, patience, interrupted), bucket, url);
}

/** Opens the working copy in an open SQLite file, and updates the copy unless `offline` is set. */
export function openCopy(db: Database, shared: SharedStore, bucket: string): WorkingCopy {
  const copy = new WorkingCopy(db, authorityOf(shared, bucket), shared.now);
  try {
    if (shared.discards) copy.reset();
    else if (!shared.offline) copy.pull();
    return copy;
  } catch (cause) {
    copy.authority.close();
    throw cause;
  }
}
