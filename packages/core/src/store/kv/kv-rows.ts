import type { KvRow } from "../../domain/kv/kv-derived.ts";
import { CERTS } from "../../domain/kv/kv-names.ts";
import type { Row, StoreDatabase } from "../database.ts";

/** The number of versions that are kept of each key, whatever their age. */
export const VERSIONS_KEPT = 7;

const NEWEST = "SELECT key, value, max(version) AS version, created_date, deleted FROM kv WHERE namespace = ?";

/** Every KV entry with its last versions, as stored: secrets are encrypted, and derived values are absent. */
export class KvRows {
  readonly #db: StoreDatabase;
  #changes = 0;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Increases whenever rows that were read earlier might be out of date. */
  get changes(): number {
    return this.#changes;
  }

  /** Call this after a transaction was rolled back: rows that were read during it might be wrong. */
  rolledBack(): void {
    this.#changes += 1;
  }

  /** The newest row of a key, even if deleted. */
  newest(namespace: string, key: string): KvRow | undefined {
    const row = this.#db.get(
      "SELECT key, value, version, created_date, deleted FROM kv WHERE namespace = ? AND key = ? ORDER BY version DESC LIMIT 1",
      namespace,
      key,
    );
    return row && rowOf(row);
  }

  /** The newest row of each key of a namespace, including deleted keys, in key order. */
  namespace(namespace: string): KvRow[] {
    return this.#db.all(`${NEWEST} GROUP BY key`, namespace).map(rowOf);
  }

  /** The newest rows of all namespaces with this prefix, by namespace, read in one statement. */
  below(prefix: string): Map<string, KvRow[]> {
    const sql =
      "SELECT namespace, key, value, max(version), created_date, deleted FROM kv WHERE namespace >= ? AND namespace < ? GROUP BY namespace, key";
    const found = new Map<string, KvRow[]>();
    for (const [namespace, key, value, version, createdDate, deleted] of this.#db.lists(
      sql,
      prefix,
      `${prefix}\u{10FFFF}`,
    )) {
      const rows = found.get(String(namespace)) ?? [];
      found.set(String(namespace), rows);
      rows.push({
        key: String(key),
        value: String(value),
        version: Number(version),
        createdDate: Number(createdDate),
        deleted: deleted === 1,
      });
    }
    return found;
  }

  /** Writes the next version of a key, and deletes the oldest versions beyond {@link VERSIONS_KEPT}. */
  append(namespace: string, row: KvRow): void {
    this.restore(namespace, row);
    if (row.version > VERSIONS_KEPT)
      this.#db.run(
        "DELETE FROM kv WHERE namespace = ? AND key = ? AND version <= ?",
        namespace,
        row.key,
        row.version - VERSIONS_KEPT,
      );
    this.#changes += 1;
  }

  /**
   * Writes a version of a key unchanged, and keeps all other versions. Used to take over the history of another store.
   */
  restore(namespace: string, row: KvRow): void {
    this.#db.run(
      "INSERT INTO kv (namespace, key, version, value, created_date, deleted) VALUES (?, ?, ?, ?, ?, ?)",
      namespace,
      row.key,
      row.version,
      row.value,
      row.createdDate,
      row.deleted ? 1 : 0,
    );
    this.#changes += 1;
  }

  /**
   * Purges every key that was deleted at or before this time, in Unix seconds, with all its versions. Returns the
   * number of purged keys.
   */
  forgetDeleted(before: number): number {
    const gone = this.deletedBefore(before);
    for (const { namespace, key } of gone)
      this.#db.run("DELETE FROM kv WHERE namespace = ? AND key = ?", namespace, key);
    this.#changes += 1;
    return gone.length;
  }

  /** Entries that were deleted at or before this time, in Unix seconds. */
  deletedBefore(before: number): { readonly namespace: string; readonly key: string }[] {
    const sql =
      "SELECT namespace, key, max(version), created_date, deleted FROM kv GROUP BY namespace, key HAVING deleted = 1 AND created_date <= ?";
    return this.#db.all(sql, before).map(({ namespace, key }) => ({ namespace: String(namespace), key: String(key) }));
  }

  /**
   * The newest versions of the live keys with this prefix and suffix, in all namespaces, oldest first; at most `limit`.
   */
  named(
    begin: string,
    end: string,
    most: number,
  ): { readonly namespace: string; readonly key: string; readonly value: string }[] {
    const sql =
      "SELECT namespace, key, max(version), value, created_date, deleted FROM kv WHERE key >= ? AND key < ? GROUP BY namespace, key HAVING deleted = 0 ORDER BY created_date";
    const found = this.#db.all(sql, begin, `${begin}\u{10FFFF}`).filter(({ key }) => String(key).endsWith(end));
    return found.slice(0, most).map(({ namespace, key, value }) => ({
      ...{ namespace: String(namespace), key: String(key), value: String(value) },
    }));
  }

  /** Sorted names of all namespaces with this prefix that ever had an entry. */
  namespaces(prefix = ""): string[] {
    const sql = "SELECT DISTINCT namespace FROM kv WHERE namespace >= ? AND namespace < ? ORDER BY namespace";
    return this.#db.all(sql, prefix, `${prefix}\u{10FFFF}`).map((row) => String(row.namespace));
  }

  /** Keys that any namespace with this prefix has or once had. */
  keysBelow(prefix: string): string[] {
    const sql = "SELECT DISTINCT key FROM kv WHERE namespace >= ? AND namespace < ?";
    return this.#db.all(sql, prefix, `${prefix}\u{10FFFF}`).map((row) => String(row.key));
  }

  /** Namespaces in which a key is live. Scans every row, so use it only for error messages. */
  holders(key: string): string[] {
    const sql =
      "SELECT namespace, max(version), deleted FROM kv WHERE key = ? GROUP BY namespace HAVING deleted = 0 ORDER BY namespace";
    return this.#db.all(sql, key).map((row) => String(row.namespace));
  }

  /** Whether any value is encrypted, and would therefore be lost with the key. */
  hasSecrets(): boolean {
    const secrets =
      "SELECT 1 FROM kv WHERE namespace = 'secrets/bucket' OR (namespace >= 'secrets/job/' AND namespace < 'secrets/job0') LIMIT 1";
    const keys = "SELECT 1 FROM kv WHERE key LIKE ? AND namespace LIKE 'maand/job/%/worker/%' LIMIT 1";
    return this.#db.get(secrets) !== undefined || this.#db.get(keys, `${CERTS}%.key`) !== undefined;
  }
}

function rowOf(row: Row): KvRow {
  return {
    key: String(row.key),
    value: String(row.value),
    version: Number(row.version),
    createdDate: Number(row.created_date),
    deleted: row.deleted === 1,
  };
}
