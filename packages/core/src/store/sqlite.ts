import { createRequire } from "node:module";
import Sqlite, { type Database, type Options } from "better-sqlite3";
import { MaandError } from "../errors.ts";

/**
 * Opens an SQLite file, or a file in memory from its bytes. The native part of better-sqlite3 is loaded with the first
 * file. Throws INSTALLATION_BROKEN if the native part does not match this Node or this machine.
 */
export function openSqlite(file: string | Buffer, options: Options): Database {
  try {
    return new Sqlite(file, options);
  } catch (cause) {
    if (cause instanceof Sqlite.SqliteError) throw cause;
    throw isAddonError(cause) ? unusableAddon(cause) : cause;
  }
}

/**
 * Opens a database in memory, and returns the version of SQLite. Package managers such as pnpm might skip the
 * installation step that builds the native part. Throws INSTALLATION_BROKEN if the native part cannot be used.
 */
export function sqliteVersion(): string {
  const db = openSqlite(":memory:", {});
  try {
    return String(db.prepare("SELECT sqlite_version()").pluck().get());
  } finally {
    db.close();
  }
}

/** Whether an error means that Node cannot load the addon, or that the package `bindings` cannot find it. */
function isAddonError(cause: unknown): cause is Error {
  return (
    cause instanceof Error &&
    (("code" in cause && cause.code === "ERR_DLOPEN_FAILED") ||
      /^Could not locate the bindings file/.test(cause.message))
  );
}

function unusableAddon(cause: Error): MaandError {
  const [line = ""] = cause.message.split("\n");
  const why = /NODE_MODULE_VERSION|did not self-register/.test(cause.message)
    ? `it was built for another version of Node than ${process.version}`
    : /bindings file/.test(line)
      ? "its native part was not built when it was installed"
      : line;
  return new MaandError({
    code: "INSTALLATION_BROKEN",
    message: `better-sqlite3 cannot be loaded: ${why}`,
    hint: `cd ${installedIn()} && npm rebuild better-sqlite3`,
    cause,
  });
}

/** The directory whose node_modules has better-sqlite3. */
function installedIn(): string {
  const path = createRequire(import.meta.url).resolve("better-sqlite3/package.json");
  return path.slice(0, path.lastIndexOf("/node_modules/"));
}
