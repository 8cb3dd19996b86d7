import type { StateRows } from "../../plugin-api/life/plugin-state.ts";

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

/** State in memory, for a plugin that is tested by itself. */
export function stateInMemory(): StateRows {
  return discarding({ read: () => undefined, write: () => undefined, sizeBeside: () => 0 });
}

function discarding(stored: StateRows): StateRows {
  const written = new Map<string, Map<string, string | undefined>>();
  const of = (plugin: string) => written.get(plugin) ?? new Map<string, string | undefined>();
  return {
    read: (plugin, key) => (of(plugin).has(key) ? of(plugin).get(key) : stored.read(plugin, key)),
    write(plugin, values) {
      written.set(plugin, new Map([...of(plugin), ...values]));
    },
    sizeBeside(plugin, keys) {
      const others = [...of(plugin)].filter(([key]) => !keys.includes(key));
      const size = others.reduce((sum, [, text = ""]) => sum + text.length, 0);
      return size + stored.sizeBeside(plugin, [...keys, ...of(plugin).keys()]);
    },
  };
}
