import { join } from "node:path";
import { error, type Report } from "../domain/checks/problem.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { isMaandError } from "../errors.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { checkCode } from "../trust/trusted.ts";
import type { Config } from "./config.ts";
import { firstLines } from "./first-lines.ts";
import {
  defaultOf,
  exportsOf,
  importFault,
  importModule,
  type Modules,
  missingHint,
  resolveModule,
} from "./import-module.ts";
import type { LoadedPlugin, LoadOptions } from "./loaded.ts";
import { packageOf } from "./package-of.ts";
import { placeText } from "./thrown-at.ts";
import { keyAt, valueAt, type Written } from "./written-at.ts";

interface Loading {
  readonly written: Written;
  /** The absolute path of the directory that paths and packages are resolved from. */
  readonly root: string;
  readonly options: LoadOptions;
  readonly report: Report;
  readonly stock: readonly Plugin[];
}

/** Resolves the list of plugins of a configuration. Reports every plugin that cannot be loaded. */
export async function loadPlugins(
  wanted: NonNullable<Config["plugins"]>,
  from: Omit<Loading, "stock">,
): Promise<LoadedPlugin[]> {
  const loading = { ...from, stock: from.options.defaults() };
  const loaded: LoadedPlugin[] = [];
  for (const [at, entry] of wanted.entries()) loaded.push(...(await loadEntry(entry, `plugins[${at}]`, loading)));
  return loaded;
}

async function loadEntry(entry: unknown, key: string, loading: Loading): Promise<readonly LoadedPlugin[]> {
  if (entry === undefined || entry === null || entry === false) return [];
  if (typeof entry === "string")
    return entry === "defaults" ? asStock(loading.stock) : loadByName(entry, undefined, key, loading);
  if (isNamed(entry))
    return entry[0] === "defaults"
      ? someDefaults(entry[1], key, loading)
      : loadByName(entry[0], entry[1], key, loading);
  return asPlugins(entry, keyAt(loading.written, "plugins", key), undefined, loading);
}

function isNamed(entry: unknown): entry is readonly [string, unknown] {
  return Array.isArray(entry) && typeof entry[0] === "string";
}

function asStock(plugins: readonly Plugin[]): LoadedPlugin[] {
  return plugins.map((plugin) => ({ plugin, source: "stock" }));
}

/** `["defaults", { "remove": ["a", "b"] }]`: all stock plugins except these. */
function someDefaults(given: unknown, key: string, { stock, written, report }: Loading): LoadedPlugin[] {
  const example = stock[0]?.name ?? "name";
  const removed: readonly unknown[] = isRecord(given) && Array.isArray(given.remove) ? given.remove : [];
  const names = stock.map(({ name }) => name);
  if (!isRecord(given) || !Array.isArray(given.remove) || Object.keys(given).length > 1)
    report(
      error(
        "invalid_config",
        valueAt(written, "plugins", "defaults", key),
        `"defaults" has only the option "remove"`,
        `write ["defaults", { "remove": ["${example}"] }]`,
      ),
    );
  for (const name of removed.filter((word) => !names.some((known) => known === word)))
    report(
      error(
        "invalid_config",
        valueAt(written, "plugins", String(name), key),
        `there is no stock plugin "${String(name)}"`,
        didYouMean(String(name), names) ?? `there are: ${names.join(", ")}`,
      ),
    );
  return asStock(stock.filter(({ name }) => !removed.includes(name)));
}

async function loadByName(name: string, given: unknown, key: string, loading: Loading): Promise<LoadedPlugin[]> {
  const { options, root, written } = loading;
  const where = valueAt(written, "plugins", name, key);
  const from = join(root, "maand.config.js");
  const isGiven = name in options.modules;
  const file = isGiven ? undefined : await resolveModule(name, from).catch(() => undefined);
  if (file !== undefined) checkCode(root, file);
  try {
    const made = exported(await importModule(name, options.modules, from), name);
    if (given !== undefined && typeof made !== "function") throw new Error("it takes no options");
    const value: unknown = typeof made === "function" ? await made(given) : made;
    return asPlugins(value, where, name, loading).map((plugin) => ({ ...packageOf(file), ...plugin }));
  } catch (cause) {
    await reportUnloadable(cause, name, key, loading);
    return [];
  }
}

/**
 * The plugin that a module exports: the default export, the export named like the package or file, or the only export.
 */
function exported(imported: unknown, name: string): unknown {
  const module = exportsOf(imported);
  const whole = defaultOf(module);
  if (whole !== module || isPlugin(module) || Array.isArray(module) || !isRecord(module)) return whole;
  const word = (name.split("/").at(-1) ?? "").replace(/^(maand-)?plugin-|^maand-|\.[mc]?[jt]s$/g, "");
  const named = module[word.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
  const all = Object.entries(module).filter(
    ([, value]) => typeof value === "function" || isPlugin(value) || Array.isArray(value),
  );
  const [only] = all;
  if (named === undefined && (only === undefined || all.length > 1)) throw new Error(noneOf(all.map(([key]) => key)));
  return named ?? only?.[1];
}

function noneOf(exports: readonly string[]): string {
  if (exports.length === 0) return "it exports no plugin; add export default definePlugin({ ... })";
  return `it exports ${exports.join(" and ")}, and none of them as default`;
}

/** The package of a stock plugin, by the plugin's name. */
export function packageNamed(name: string, modules: Modules): string | undefined {
  return Object.keys(modules).find((known) => known.endsWith(`/plugin-${name}`));
}

/** Reports why a plugin cannot be loaded: invalid options, a missing module, or the line that throws. */
async function reportUnloadable(cause: unknown, name: string, key: string, loading: Loading) {
  const { root, report, written, options } = loading;
  if (isMaandError(cause) && cause.problems.length > 0) {
    for (const problem of cause.problems) {
      const option = problem.where.split(".").at(-1) ?? "";
      report({ ...problem, where: valueAt(written, "plugins", option, `${key}: ${problem.where}`) });
    }
    return;
  }
  const missing = cause instanceof Error && isMissing(cause, name);
  const place = missing ? undefined : await importFault(cause, root);
  const message = `plugin "${name}" cannot be loaded: ${place ? `${placeText(place)}: ` : ""}${firstLines(cause, 1)}`;
  const isPath = /^[./]/.test(name);
  const stock = packageNamed(name, options.modules);
  const hint = !missing
    ? (missingHint(cause) ?? "fix the plugin, or remove it from the list")
    : isPath
      ? `paths are relative to ${root}`
      : stock !== undefined
        ? `write "${stock}", which is included in maand`
        : `install it in the bucket (npm install ${name}), or write a path that begins with ./`;
  report(error("plugin_failed", valueAt(written, "plugins", name, key), message, hint));
}

/** Whether the plugin itself is missing, rather than one of its imports. */
function isMissing(cause: Error, name: string): boolean {
  return /Cannot find (module|package)/.test(cause.message) && cause.message.includes(`'${name}'`);
}

/** A plugin, or the plugins of a preset, which is a list of plugins and of other presets. */
function asPlugins(value: unknown, where: string, source: string | undefined, loading: Loading): LoadedPlugin[] {
  if (!Array.isArray(value)) return asPlugin(value, where, source, loading);
  const entries: readonly unknown[] = value;
  const given = entries.filter((entry) => entry !== undefined && entry !== null && entry !== false);
  return given.flatMap((entry) => asPlugins(entry, where, source, loading));
}

function asPlugin(value: unknown, where: string, source: string | undefined, loading: Loading): LoadedPlugin[] {
  if (isPlugin(value)) return [{ plugin: value, source: source ?? sourceOf(value, loading) }];
  const hint = "a plugin is { name, apply(hooks) { ... } }; if it is a function that returns one, call it";
  loading.report(error("plugin_failed", where, `${describe(value)} is not a plugin`, hint));
  return [];
}

function sourceOf(plugin: Plugin, { stock, written, options }: Loading): string {
  const isStock = options.isStock?.(plugin) ?? stock.some(({ name }) => name === plugin.name);
  return isStock ? "stock" : written.file;
}

function isPlugin(value: unknown): value is Plugin {
  return isRecord(value) && typeof value.name === "string" && value.name !== "" && typeof value.apply === "function";
}

function describe(value: unknown): string {
  if (typeof value === "function") return `the function ${value.name || "here"}`;
  if (value instanceof Promise) return "a promise that was not awaited";
  if (!isRecord(value)) return typeof value === "string" ? `"${value}" in a preset` : `a ${typeof value}`;
  if (typeof value.name !== "string" || value.name === "") return 'an object without "name"';
  return `"${value.name}", an object without "apply",`;
}
