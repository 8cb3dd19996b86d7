import type { Row, StoreDatabase } from "../database.ts";

/** Where the current value of a secret was read from. */
export interface SecretSource {
  readonly namespace: string;
  readonly key: string;
  /** The reference, such as `secret://op/prod/api/password`. */
  readonly reference: string;
  /** The version of the KV entry that was written with this value. */
  readonly version: number;
  /** When it was read, in Unix seconds. */
  readonly readAt: number;
}

/** The secrets that were read from providers. The values are KV entries. */
export class SecretSourceRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): SecretSource[] {
    return this.#db.all("SELECT * FROM secret_source ORDER BY namespace, key").map(sourceOf);
  }

  write({ namespace, key, reference, version, readAt }: SecretSource): void {
    this.#db.run(
      "INSERT OR REPLACE INTO secret_source (namespace, key, reference, version, read_at) VALUES (?, ?, ?, ?, ?)",
      namespace,
      key,
      reference,
      version,
      readAt,
    );
  }

  forget(namespace: string, key: string): void {
    this.#db.run("DELETE FROM secret_source WHERE namespace = ? AND key = ?", namespace, key);
  }
}

function sourceOf(row: Row): SecretSource {
  return {
    namespace: String(row.namespace),
    key: String(row.key),
    reference: String(row.reference),
    version: Number(row.version),
    readAt: Number(row.read_at),
  };
}
