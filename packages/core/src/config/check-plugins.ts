import { error, type Report } from "../domain/checks/problem.ts";
import { MANIFEST_KEYS } from "../domain/manifest/manifest-schema.ts";
import { isDeclared } from "../domain/settings/plugin-settings.ts";
import { settingsSchema } from "../domain/settings/settings-schema.ts";
import { commandPaths, commandProblems } from "../plugin-api/commands.ts";
import { serviceProblems, servicesOf } from "../plugin-api/life/check-services.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { LoadedPlugin, Taken } from "./loaded.ts";
import { coreVersion } from "./package-of.ts";
import { shapeProblems } from "./plugin-shape.ts";
import { keyAt, valueAt, type Written } from "./written-at.ts";

/**
 * Checks the loaded plugins against each other and against this core. Reports plugins that are listed twice, require
 * another version of core, or are invalid. Also reports names that are defined twice: commands, tables, manifest keys,
 * keys of `maand.conf`, services and worker files.
 */
export async function checkPlugins(
  loaded: readonly LoadedPlugin[],
  written: Written,
  taken: Taken | undefined,
  report: Report,
): Promise<void> {
  const refuse = (message: string, hint: string) =>
    report(error("plugin_failed", keyAt(written, "plugins"), message, hint));
  for (const name of twins(loaded)) refuse(`plugin "${name}" is listed twice`, "remove one of them");
  for (const { plugin, core } of loaded) {
    const range = plugin.core ?? core;
    if (range !== undefined && !(await fits(coreVersion(), range)))
      refuse(
        `plugin "${plugin.name}" requires @maand/core ${range}, but this is ${coreVersion()}`,
        "install a version of the plugin that supports this one",
      );
  }
  for (const { plugin, inline } of loaded)
    for (const { message, hint } of shapeProblems(plugin, inline === true))
      report(error("plugin_failed", valueAt(written, "plugins", plugin.name), message, hint));
  const all = loaded.map(({ plugin }) => plugin);
  // stock plugins may extend the program's own commands: maand job create
  const stock = loaded.filter(({ source }) => source === "stock").map(({ plugin }) => plugin);
  // a plugin that is listed twice was reported above
  const plugins = all.filter(({ name }, at) => all.findIndex((other) => other.name === name) === at);
  for (const { message, hint } of plugins.flatMap(commandProblems)) refuse(message, hint);
  for (const { name, settings } of plugins)
    if (settings !== undefined && !isDeclared(settings))
      refuse(
        `plugin "${name}" has settings that were not created with defineSettings`,
        "write settings: defineSettings({ entries: { ... } })",
      );
  for (const { message, hint } of serviceProblems(plugins)) refuse(message, hint);
  for (const { what, of, owned } of ownedNames(plugins, taken))
    for (const { word, owners } of shared(plugins, of, (plugin) => (stock.includes(plugin) ? [] : owned)))
      refuse(
        `${owners.join(" and ")} both define ${what} "${word}"`,
        "remove one of them, or ask its author to rename it",
      );
}

function twins(loaded: readonly LoadedPlugin[]): string[] {
  const names = loaded.map(({ plugin }) => plugin.name);
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}

/** Whether a version is in a range. Loads its parser only here, because few plugins declare a version of core. */
async function fits(version: string, range: string): Promise<boolean> {
  const { default: satisfies } = await import("semver/functions/satisfies.js");
  return satisfies(version, range, { includePrerelease: true });
}

interface OwnedNames {
  readonly what: string;
  of(plugin: Plugin): readonly string[];
  /** Names that maand itself uses. */
  readonly owned: readonly string[];
}

function ownedNames(plugins: readonly Plugin[], taken: Taken | undefined): OwnedNames[] {
  const keys = (declared: object | undefined) => Object.keys(declared ?? {});
  const core = MANIFEST_KEYS.filter((key) => !OFFERED.includes(key));
  const isFirstOwner = (plugin: Plugin) => plugins.find(({ settings }) => settings === plugin.settings) === plugin;
  return [
    {
      what: "the command",
      of: ({ commands }) => commandPaths(commands),
      owned: taken?.commands ?? [],
    },
    { what: "the table", of: tableWords, owned: taken?.tables ?? [] },
    { what: "the manifest key", of: ({ claims }) => keys(claims), owned: core },
    {
      // plugins may share one declaration, such as two transports that use ssh
      what: "the key of maand.conf",
      of: (plugin) => (isFirstOwner(plugin) ? keys(plugin.settings?.entries) : []),
      owned: Object.keys(settingsSchema([]).entries),
    },
    {
      what: "the service",
      of: ({ provides }) => servicesOf(provides).map(({ service }) => service),
      owned: [],
    },
    { what: "the worker file", of: ({ workerFiles }) => keys(workerFiles), owned: [] },
  ];
}

/** Core reads `commands` of a manifest; the plugin that runs the commands owns it. */
const OFFERED: readonly string[] = ["commands"];

/** A plugin's names after `maand cat`: tables and commands. */
function tableWords({ tables, commands }: Plugin): string[] {
  const own = commandPaths(commands).flatMap((path) => /^cat (\S+)$/.exec(path)?.[1] ?? []);
  return [...new Set([...Object.keys(tables ?? {}), ...own])];
}

/** Names with more than one owner, and their owners. For a name of maand itself, maand is listed first. */
function shared(plugins: readonly Plugin[], of: OwnedNames["of"], ownedFor: (plugin: Plugin) => readonly string[]) {
  const owners = new Map<string, string[]>();
  for (const plugin of plugins)
    for (const word of of(plugin)) {
      const first = ownedFor(plugin).includes(word.split(" ")[0] ?? "") ? ["maand"] : [];
      owners.set(word, [...(owners.get(word) ?? first), `plugin "${plugin.name}"`]);
    }
  return [...owners].filter(([, names]) => names.length > 1).map(([word, names]) => ({ word, owners: names }));
}
