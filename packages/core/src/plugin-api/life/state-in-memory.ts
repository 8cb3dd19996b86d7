import type { StateRows } from "./plugin-state.ts";

/** State in memory, for a plugin that is applied without a bucket. */
export function stateInMemory(): StateRows {
  return discarding({ read: () => undefined, write: () => undefined, sizeBeside: () => 0 });
}

/** An overlay over stored state: new writes are visible but never stored. */
export function discarding(stored: StateRows): StateRows {
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
