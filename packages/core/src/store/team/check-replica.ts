import type { Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { type Replica, readReplica } from "./replica-row.ts";

/**
 * Refuses to use a working copy as an independent store, and an independent store as the working copy of a database at
 * `url`: both mistakes would lose changes. Returns the state of the copy; undefined for an independent store.
 */
export function checkReplica(db: Database, url: string | undefined, file: string): Replica | undefined {
  const replica = readReplica(db);
  if (url === undefined && replica)
    throw new MaandError({
      code: "STORE_MOVED",
      message: `${file} is only a working copy: the store of this bucket is in ${replica.url}`,
      hint: `write store = "${replica.url}" into maand.conf; or move the store back: maand store move --to sqlite`,
    });
  if (url !== undefined && !replica)
    throw new MaandError({
      code: "STORE_MOVED",
      message: `${file} is an independent store, not a working copy of ${url}`,
      hint: `to move it there, run maand store move --to ${url}; to use a bucket that is there, run maand clone`,
    });
  return replica;
}
