import { basename } from "node:path";
import { cosmiconfig, defaultLoaders } from "cosmiconfig";
import { error, type Problem, type Report, refuses } from "../domain/problem.ts";
import { problemsError } from "../errors.ts";
import type { Plugin } from "../plugin.ts";
import type { BucketPaths } from "./find-bucket.ts";
import { firstLines } from "./first-lines.ts";
import { importModule, type Modules } from "./import-module.ts";
import { loadPlugins } from "./load-plugins.ts";
import type { Settings } from "./settings.ts";
import { resolveSettings } from "./settings-schema.ts";

/** Places a configuration may be in a bucket's directory, the first one found wins. */
export const CONFIG_PLACES: readonly string[] = [
  "maand.config.ts",
  "maand.config.mts",
  "maand.config.js",
  "maand.config.mjs",
  "maand.config.cjs",
  ".maandrc",
  ".maandrc.json",
  ".maandrc.yaml",
  ".maandrc.yml",
  "package.json",
];

/** A configuration: which plugins, and settings over those of `maand.conf`. */
export interface Config {
  /**
   * Plugins in the order they are applied: values, or package names and paths (`./my-plugin.ts`), perhaps with options
   * as `["name", { ... }]`. The word `"defaults"` stands for all stock plugins. Default: `["defaults"]`.
   */
  readonly plugins?: readonly (Plugin | readonly Plugin[] | string | readonly [string, unknown])[];
  /** The keys of `maand.conf`; these win over the file. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Keeps a configuration's type where it is written: `export default defineConfig({ ... })`. */
export function defineConfig(config: Config): Config {
  return config;
}

/** A plugin and where it came from. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  /** `stock`, or the file or package it was loaded from. */
  readonly source: string;
}

/** Everything the configuration of a bucket settles. */
export interface Loaded {
  readonly settings: Settings;
  readonly plugins: readonly LoadedPlugin[];
  /** Warnings; what refuses was thrown. */
  readonly warnings: readonly Problem[];
}

/** What the caller brings: the stock plugins, modules a configuration may import, a file that was named on the command line. */
export interface LoadOptions {
  readonly defaults: () => readonly Plugin[];
  readonly modules: Modules;
  readonly configFile?: string;
}

/** Reads `maand.conf` and the configuration file of a bucket. All problems are thrown at once, as PROBLEMS. */
export async function loadConfig(paths: BucketPaths, options: LoadOptions): Promise<Loaded> {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const conf = await readConf(paths, report);
  const found = await readConfig(paths, options, report);
  const config = found ? asConfig(found.config, found.file, report) : {};
  const settings = resolveSettings(conf, "maand.conf", report);
  const both = config.settings ? resolveSettings({ ...conf, ...config.settings }, found?.file ?? "", report) : settings;
  const plugins = await loadPlugins(
    config.plugins ?? ["defaults"],
    found?.file ?? "maand.conf",
    paths.root,
    options,
    report,
  );
  if (!both || refuses(problems)) throw problemsError(problems, "the configuration was refused");
  return { settings: both, plugins, warnings: problems };
}

async function readConf(paths: BucketPaths, report: Report): Promise<Record<string, unknown>> {
  const toml = async (_: string, text: string) => (await import("smol-toml")).parse(text);
  const explorer = cosmiconfig("maand", {
    searchPlaces: ["maand.conf"],
    loaders: { ".conf": toml },
    searchStrategy: "none",
  });
  try {
    const found = await explorer.search(paths.root);
    return isRecord(found?.config) ? found.config : {};
  } catch (cause) {
    report(
      error("invalid_conf", "maand.conf", firstLines(cause, 1), "it is TOML: key = value, texts in double quotes"),
    );
    return {};
  }
}

async function readConfig(
  paths: BucketPaths,
  options: LoadOptions,
  report: Report,
): Promise<{ config: unknown; file: string } | undefined> {
  const script = (file: string) => importModule(file, options.modules);
  const loaders = { ...defaultLoaders, ".ts": script, ".mts": script, ".js": script, ".mjs": script, ".cjs": script };
  const explorer = cosmiconfig("maand", { searchPlaces: [...CONFIG_PLACES], loaders, searchStrategy: "none" });
  try {
    const found = await (options.configFile === undefined
      ? explorer.search(paths.root)
      : explorer.load(options.configFile));
    return found && !found.isEmpty ? { config: found.config, file: basename(found.filepath) } : undefined;
  } catch (cause) {
    const file =
      cause instanceof Error && "filepath" in cause
        ? basename(String(cause.filepath))
        : (options.configFile ?? "the configuration");
    report(error("invalid_config", file, firstLines(cause, 3), "mend the file, or name another with --config"));
    return undefined;
  }
}

function asConfig(value: unknown, file: string, report: Report): Config {
  if (!isRecord(value)) {
    report(error("invalid_config", file, "must give an object", "write export default defineConfig({ ... })"));
    return {};
  }
  for (const key of Object.keys(value)) {
    if (key === "plugins" || key === "settings") continue;
    report(
      error(
        "invalid_config",
        `${file}: ${key}`,
        `unknown key "${key}"`,
        "known here: plugins, settings; keys of maand.conf go under settings",
      ),
    );
  }
  if (value.plugins !== undefined && !Array.isArray(value.plugins)) {
    report(error("invalid_config", `${file}: plugins`, "must be a list", 'write plugins: ["defaults", ...]'));
    return {};
  }
  if (value.settings !== undefined && !isRecord(value.settings)) {
    report(error("invalid_config", `${file}: settings`, "must be an object", "give it the keys of maand.conf"));
    return {};
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
