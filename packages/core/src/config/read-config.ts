import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { parse } from "smol-toml";
import { reportDuplicateKeys } from "../domain/checks/duplicate-keys.ts";
import { error, type Report } from "../domain/checks/problem.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { textOrReason } from "../trust/plain-text.ts";
import { checkCode } from "../trust/trusted.ts";
import { CONFIG_KEYS, type Config } from "./config.ts";
import { loadConfigFile, UnloadableConfig } from "./config-file.ts";
import type { BucketPaths } from "./find-bucket.ts";
import { firstLines } from "./first-lines.ts";
import { defaultOf, importFault, importModule, type Modules, missingHint } from "./import-module.ts";
import { placeText } from "./thrown-at.ts";
import { keyAt, position, type Written } from "./written-at.ts";

/** The content of `maand.conf`, empty if it is missing. */
export interface ReadConf extends Written {
  readonly values: Readonly<Record<string, unknown>>;
}

/** A configuration file and its content. */
export interface ReadConfig extends Written {
  readonly config: Config;
  /** Absolute. */
  readonly path: string;
}

/** Reads `maand.conf`; invalid TOML is reported with its line. Throws BUCKET_NOT_TRUSTED if others can write it. */
export async function readConf({ root, conf }: Pick<BucketPaths, "root" | "conf">, report: Report): Promise<ReadConf> {
  const file = basename(conf);
  if (existsSync(conf)) checkCode(root, conf);
  const text = textOrReason(conf);
  if (typeof text !== "string") {
    // without its settings, a command would use the wrong directories
    if (text) report(error("invalid_conf", file, text.message, text.hint));
    return { file, text: "", values: {} };
  }
  try {
    return { file, text, values: parse(text) };
  } catch (cause) {
    const hint = "write TOML: key = value, with strings in double quotes";
    report(error("invalid_conf", parsedTo(cause, { file, text }), firstLines(cause, 1), hint));
    return { file, text, values: {} };
  }
}

/**
 * Reads the configuration file of a bucket, or the given one. Returns undefined if there is none, or if it cannot be
 * loaded.
 */
export async function readConfig(
  { root }: Pick<BucketPaths, "root">,
  options: { readonly modules: Modules; readonly configFile?: string },
  report: Report,
): Promise<ReadConfig | undefined> {
  const script = (file: string) => scriptConfig(file, options.modules);
  const json = async (file: string, content: string) => {
    const value = await dataIn(".json")(file, content);
    reportDuplicateKeys(content, { file: basename(file), code: "invalid_config" }, ownPart(file, report));
    return value;
  };
  const loaders = {
    noExt: dataIn("noExt"),
    ".yaml": dataIn(".yaml"),
    ".yml": dataIn(".yml"),
    ".json": json,
    ".ts": script,
    ".mts": script,
    ".js": script,
    ".mjs": script,
    ".cjs": script,
  };
  try {
    const found = await loadConfigFile(root, loaders, options.configFile);
    if (!found) return undefined;
    const written = { file: basename(found.path), text: found.text };
    return { ...written, path: found.path, config: asConfig(found.value, written, report) };
  } catch (cause) {
    if (!(cause instanceof UnloadableConfig)) throw cause;
    await reportBroken(cause.cause, cause.path, report);
    return undefined;
  }
}

/** Reads JSON or YAML. The parsers are loaded here, because most buckets have no such file. */
function dataIn(extension: ".json" | ".yaml" | ".yml" | "noExt") {
  return async (file: string, content: string): Promise<unknown> => {
    const { defaultLoaders } = await import("cosmiconfig");
    return defaultLoaders[extension](file, content);
  };
}

/**
 * Reports only problems in the part of a file that belongs to maand. In a package.json, this part is the key `maand`.
 */
function ownPart(file: string, report: Report): Report {
  if (basename(file) !== "package.json") return report;
  return (problem) => /: maand\b/.test(problem.where) && report(problem);
}

/** The configuration that a script exports. */
async function scriptConfig(file: string, modules: Modules): Promise<unknown> {
  const module = await importModule(file, modules).catch((cause: unknown) => {
    throw cause instanceof Error ? cause : Object.assign(new Error(`it threw ${errorText(cause)}`), { stack: "" });
  });
  const config = defaultOf(module);
  if (config !== module || (isRecord(module) && CONFIG_KEYS.some((key) => key in module))) return config;
  throw new MaandError({
    code: "PROBLEMS",
    message: "it has no default export",
    hint: "write export default defineConfig({ ... })",
  });
}

/**
 * Reports why a configuration cannot be read, with the faulty line in it or in a file that it imports. The report has
 * no stack trace.
 */
async function reportBroken(cause: unknown, path: string, report: Report): Promise<void> {
  const file = basename(path);
  const place = await importFault(cause, dirname(path));
  const where = place ? placeText(place) : parsedTo(cause, { file, text: textOf(path) });
  if (isMaandError(cause) && cause.problems.length > 0)
    for (const problem of cause.problems) report({ ...problem, where: `${where}: ${problem.where}` });
  else {
    const hint = isMaandError(cause) ? cause.hint : undefined;
    const otherwise = hint ?? missingHint(cause) ?? "fix the file, or select another with --config";
    report(error("invalid_config", where, output(cause), otherwise));
  }
}

/** The first line of an error, without the additions of parsers and loaders. */
function output(cause: unknown): string {
  const lines = firstLines(cause, 20).split("\n");
  const reason = lines.find((line) => line.trim() !== "" && !/^((JSON|YAML) Error in |[> ]*\d* \|)/.test(line)) ?? "";
  return reason.replace(/^ParseError: /, "").trim();
}

/** The file, with the position at which a TOML, JSON or YAML parser stopped, if it is known. */
function parsedTo(cause: unknown, { file, text }: Written): string {
  if (!(cause instanceof Error)) return file;
  if ("line" in cause && "column" in cause) return `${file}:${String(cause.line)}:${String(cause.column)}`;
  const [line, column] =
    /line (\d+),? column (\d+)|\((\d+):(\d+)\)/.exec(cause.message)?.slice(1).filter(Boolean) ?? [];
  if (line !== undefined) return `${file}:${line}:${column}`;
  const offset = /position (\d+)/.exec(cause.message)?.[1];
  return offset === undefined ? file : `${file}:${position(text, Number(offset))}`;
}

function textOf(path: string): string {
  const text = textOrReason(path);
  return typeof text === "string" ? text : "";
}

/** Converts the content of a file to a configuration. Each invalid part is reported and omitted. */
function asConfig(value: unknown, written: Written, report: Report): Config {
  const refuse = (where: string, message: string, hint: string) =>
    report(error("invalid_config", where, message, hint));
  if (!isRecord(value)) {
    refuse(written.file, "must be an object", "write export default defineConfig({ ... })");
    return {};
  }
  for (const key of Object.keys(value).filter((name) => !CONFIG_KEYS.includes(name))) {
    const known = `valid keys: ${CONFIG_KEYS.join(", ")}; keys of maand.conf go under settings`;
    refuse(keyAt(written, key), `unknown key "${key}"`, didYouMean(key, CONFIG_KEYS) ?? known);
  }
  const { plugins, settings, hooks } = value;
  if (plugins !== undefined && !Array.isArray(plugins))
    refuse(keyAt(written, "plugins"), "must be a list", 'write plugins: ["defaults", ...]');
  if (settings !== undefined && !isRecord(settings))
    refuse(keyAt(written, "settings"), "must be an object", "use the keys of maand.conf");
  if (hooks !== undefined && !isRecord(hooks))
    refuse(keyAt(written, "hooks"), "must be an object", "write hooks: { async rollout(context) { ... } }");
  return {
    ...(Array.isArray(plugins) ? { plugins } : {}),
    ...(isRecord(settings) ? { settings } : {}),
    ...(isRecord(hooks) ? { hooks } : {}),
  };
}
