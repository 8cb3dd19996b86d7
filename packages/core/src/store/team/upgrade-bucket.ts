import { MaandError } from "../../errors.ts";
import { migrate, STORE_VERSION } from "../migrations.ts";
import { openSqlite } from "../sqlite.ts";
import type { Authority, LeaseProof, Standing } from "./authority.ts";
import { allRows, RowChanges } from "./row-changes.ts";

/**
 * Upgrades a bucket in the database to the tables of this version. Its rows go through the same migrations as an SQLite
 * file, in memory. The upgrade is refused while an older version of maand holds the lease, because that version could
 * not read the result.
 */
export function upgradeBucket(authority: Authority, { version, revision, lease }: Standing, mine?: LeaseProof): void {
  const holder = lease?.holder;
  if (holder && (lease.leftMs ?? 0) > 0 && lease.nonce !== mine?.nonce)
    throw new MaandError({
      code: "BUSY",
      message: `the bucket in ${authority.url} must be upgraded, but an older maand is using it: maand ${holder.command} (${holder.user ?? "?"} on ${holder.machine ?? "?"})`,
      hint: "wait until it has finished; nothing was changed",
    });
  const db = openSqlite(":memory:", {});
  try {
    migrate(db, version);
    const rows = new RowChanges(db);
    for (const part of authority.parts(authority.pull(0), 0)) rows.apply(part.rows);
    migrate(db);
    // if another command has upgraded the bucket at the same time, this change is outdated and nothing remains to be
    // done
    authority.apply({ expected: revision, rows: allRows(db), lease: mine, version: STORE_VERSION, replace: true });
  } finally {
    db.close();
  }
}
