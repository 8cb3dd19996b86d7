import { type Finding, isMaandError } from "@maand/core";
import { fault, sound } from "@maand/core/operator";
import { sqliteVersion } from "@maand/core/readonly";

/** Checks whether this installation works. Loads the native part of the store by opening a database in memory. */
export function examineInstallation(): Finding {
  const node = `Node ${process.versions.node}`;
  try {
    return sound("installation", "this machine", `${node}, SQLite ${sqliteVersion()}`);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    return fault("installation", "this machine", cause.message, cause.hint ?? "# install maand again");
  }
}
