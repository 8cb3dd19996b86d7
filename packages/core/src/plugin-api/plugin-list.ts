import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError } from "../errors.ts";
import type { Plugin } from "./plugin.ts";

/**
 * A list of plugins in the order in which they are applied, with methods to change it. Each method returns a new list:
 * `defaults().remove("a").replace("b", mine()).before("c", theirs())`. It is also an array, so `[...defaults(),
 * mine()]` works. A name that is not in the list throws PLUGIN_INVALID.
 */
export type PluginList<Name extends string = string> = readonly Plugin[] & {
  /** Removes these plugins. */
  remove<Gone extends Name>(...names: readonly Gone[]): PluginList<Exclude<Name, Gone>>;
  /** Replaces this plugin with one or several others. */
  replace<Gone extends Name, New extends string>(
    name: Gone,
    ...plugins: readonly Plugin<New>[]
  ): PluginList<Exclude<Name, Gone> | New>;
  /** Inserts plugins directly before this one. */
  before<New extends string>(name: Name, ...plugins: readonly Plugin<New>[]): PluginList<Name | New>;
  /** Inserts plugins directly after this one. */
  after<New extends string>(name: Name, ...plugins: readonly Plugin<New>[]): PluginList<Name | New>;
  /** Appends plugins. */
  add<New extends string>(...plugins: readonly Plugin<New>[]): PluginList<Name | New>;
};

/** Creates a list of plugins that can be changed by name. */
export function pluginList<Name extends string = string>(plugins: readonly Plugin[]): PluginList<Name>;
export function pluginList(plugins: readonly Plugin[]): PluginList {
  const spliced = (from: number, gone: number, added: readonly Plugin[]) =>
    pluginList([...plugins.slice(0, from), ...added, ...plugins.slice(from + gone)]);
  const at = (name: string) => placeOf(name, plugins);
  const methods: Methods = {
    remove(...names) {
      const gone = names.map(at);
      return pluginList(plugins.filter((_, place) => !gone.includes(place)));
    },
    replace: (name, ...added) => spliced(at(name), 1, added),
    before: (name, ...added) => spliced(at(name), 0, added),
    after: (name, ...added) => spliced(at(name) + 1, 0, added),
    add: (...added) => spliced(plugins.length, 0, added),
  };
  return Object.defineProperties(Object.assign([...plugins], methods), hidden(Object.keys(methods)));
}

type Methods = Pick<PluginList, "remove" | "replace" | "before" | "after" | "add">;

function placeOf(name: string, plugins: readonly Plugin[]): number {
  const names = plugins.map((plugin) => plugin.name);
  if (names.includes(name)) return names.indexOf(name);
  throw new MaandError({
    code: "PLUGIN_INVALID",
    message: `there is no plugin "${name}" in the list`,
    hint: didYouMean(name, names) ?? `there are: ${names.join(", ")}`,
  });
}

/** Hides the methods from iteration and printing. */
function hidden(names: readonly string[]): PropertyDescriptorMap {
  return Object.fromEntries(names.map((name) => [name, { enumerable: false }]));
}
