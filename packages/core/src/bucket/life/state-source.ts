import type { StateRows } from "../../plugin-api/life/plugin-state.ts";
import { discarding } from "../../plugin-api/life/state-in-memory.ts";

/** Where the state of plugins is: the store once it is open. In a dry run, what is written is seen until its end and discarded. */
export class StateSource {
  #rows: StateRows | undefined;

  /** The store is open. */
  open(rows: StateRows): void {
    this.#rows = rows;
  }

  /** From now on nothing is stored. */
  discardWrites(): void {
    if (this.#rows) this.#rows = discarding(this.#rows);
  }

  /** Throws as long as the plugins are being applied. */
  rows(plugin: string): StateRows {
    if (this.#rows) return this.#rows;
    throw new Error(`plugin "${plugin}" uses its state while it is applied; use it when a hook is called`);
  }
}
