import { join } from "node:path";
import { error, type Report } from "../domain/problem.ts";
import type { Plugin } from "../plugin.ts";
import { firstLines } from "./first-lines.ts";
import { importModule } from "./import-module.ts";
import type { Config, LoadedPlugin, LoadOptions } from "./load.ts";

/** Resolves the list of plugins of a configuration; every one that cannot be had is reported, none is skipped silently. */
export async function loadPlugins(
  wanted: NonNullable<Config["plugins"]>,
  file: string,
  root: string,
  options: LoadOptions,
  report: Report,
): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = [];
  const stock = options.defaults();
  for (const [at, entry] of wanted.entries()) {
    const where = `${file}: plugins[${at}]`;
    if (entry === "defaults") loaded.push(...stock.map((plugin) => ({ plugin, source: "stock" })));
    else if (typeof entry === "string")
      loaded.push(...(await loadByName(entry, undefined, where, root, options, report)));
    else if (isNamed(entry)) loaded.push(...(await loadByName(entry[0], entry[1], where, root, options, report)));
    else
      for (const value of Array.isArray(entry) ? entry : [entry])
        loaded.push(...asPlugin(value, sourceOf(value, stock, file), where, report));
  }
  reportTwins(loaded, file, report);
  return loaded;
}

function isNamed(entry: unknown): entry is readonly [string, unknown] {
  return Array.isArray(entry) && typeof entry[0] === "string";
}

function sourceOf(value: unknown, stock: readonly Plugin[], file: string): string {
  return stock.some((plugin) => isPlugin(value) && plugin.name === value.name) ? "stock" : file;
}

async function loadByName(
  name: string,
  given: unknown,
  where: string,
  root: string,
  options: LoadOptions,
  report: Report,
): Promise<LoadedPlugin[]> {
  try {
    const made = await importModule(name, options.modules, join(root, "maand.config.js"));
    const value: unknown = typeof made === "function" ? made(given) : made;
    return asPlugin(value, name, where, report);
  } catch (cause) {
    const missing =
      cause instanceof Error &&
      /Cannot find|MODULE_NOT_FOUND/.test(`${cause.message}${"code" in cause ? String(cause.code) : ""}`);
    const hint = missing
      ? `install it beside the bucket (npm install ${name}), or write a path that begins with ./`
      : "mend the plugin, or take it out of the list";
    report(error("plugin_failed", where, `plugin "${name}" cannot be loaded: ${firstLines(cause, 1)}`, hint));
    return [];
  }
}

function asPlugin(value: unknown, source: string, where: string, report: Report): LoadedPlugin[] {
  if (isPlugin(value)) return [{ plugin: value, source }];
  report(
    error(
      "plugin_failed",
      where,
      `${describe(value)} is not a plugin`,
      "a plugin is { name, apply(hooks) { ... } }; call it if it is a function that makes one",
    ),
  );
  return [];
}

function isPlugin(value: unknown): value is Plugin {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "apply" in value &&
    typeof value.apply === "function"
  );
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "this object" : `a ${typeof value}`;
}

function reportTwins(loaded: readonly LoadedPlugin[], file: string, report: Report): void {
  const seen = new Set<string>();
  for (const { plugin } of loaded) {
    if (seen.has(plugin.name))
      report(
        error("plugin_failed", `${file}: plugins`, `plugin "${plugin.name}" is listed twice`, "take one of them out"),
      );
    seen.add(plugin.name);
  }
}
