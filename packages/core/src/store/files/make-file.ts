import { closeSync, openSync } from "node:fs";

/**
 * Creates an empty private file if it does not exist; returns whether it was created. A file that SQLite creates would
 * be readable by other users.
 */
export function makeFile(file: string): boolean {
  try {
    closeSync(openSync(file, "wx", 0o600));
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}
