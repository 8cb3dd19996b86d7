import type { StoreDatabase } from "./database.ts";

/** The state that plugins keep between runs: JSON text by plugin and key. */
export class PluginStateRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  read(plugin: string, key: string): string | undefined {
    const row = this.#db.get("SELECT value FROM plugin_state WHERE plugin = ? AND key = ?", plugin, key);
    return row && String(row.value);
  }

  /** Writes all values durably, or none of them; undefined deletes a value. */
  write(plugin: string, values: ReadonlyMap<string, string | undefined>): void {
    this.#db.transaction(() => {
      for (const [key, value] of values) this.#writeOne(plugin, key, value);
    });
  }

  /** The total length of all values of a plugin, except the values of these keys. */
  sizeBeside(plugin: string, keys: readonly string[]): number {
    const rows = this.#db.all("SELECT key, length(value) AS size FROM plugin_state WHERE plugin = ?", plugin);
    return rows.reduce((sum, { key, size }) => sum + (keys.includes(String(key)) ? 0 : Number(size)), 0);
  }

  #writeOne(plugin: string, key: string, value: string | undefined): void {
    if (value === undefined) this.#db.run("DELETE FROM plugin_state WHERE plugin = ? AND key = ?", plugin, key);
    else
      this.#db.run(
        "INSERT INTO plugin_state (plugin, key, value) VALUES (?, ?, ?) ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value",
        plugin,
        key,
        value,
      );
  }
}
