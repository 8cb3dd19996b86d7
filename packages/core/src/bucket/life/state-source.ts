import type { StateRows } from "../../plugin-api/life/plugin-state.ts";
import { discarding } from "../../plugin-api/life/state-in-memory.ts";

/**
 * Provides the state of plugins from the store, once the store is open. In a dry run, writes are visible until the end
 * of the run, and are then discarded.
 */
export class StateSource {
  #rows: StateRows | undefined;

  /** Call this when the store is open. */
  open(rows: StateRows): void {
    this.#rows = rows;
  }

  /** From now on, writes are not stored. */
  discardWrites(): void {
    if (this.#rows) this.#rows = discarding(this.#rows);
  }

  /** Throws while the plugins are being applied. */
  rows(plugin: string): StateRows {
    if (this.#rows) return this.#rows;
    throw new Error(`plugin "${plugin}" uses its state while being applied; use it in a tap instead`);
  }
}
