import { fileURLToPath } from "node:url";
import type { Jiti, JitiOptions } from "jiti";
import { type Place, thrownAt } from "./thrown-at.ts";

/** Modules that a configuration or plugin may import without installing them, by name. */
export type Modules = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Imports a TypeScript or JavaScript file, or a package by name as seen from `from`, and returns its namespace.
 * `@maand/core` always resolves to the running copy, so two copies are never mixed.
 */
export async function importModule(name: string, modules: Modules, from: string = name): Promise<unknown> {
  const given = modules[name];
  if (given) return given();
  const all = await Promise.all(
    Object.entries(modules).map(async ([key, load]): Promise<[string, unknown]> => [key, await load()]),
  );
  shareRunning();
  const jiti = await importer(from, { virtualModules: Object.fromEntries(all) });
  const loaded: unknown = await jiti.import(name);
  return loaded;
}

/**
 * Shares the running clipanion with modules that jiti imports through Node, such as ES modules in packages, which
 * resolve packages themselves. The command bundles clipanion in a separate file and registers it
 * (packages/cli/bin/program.js); other programs only have the package.
 */
function shareRunning(): void {
  const running: unknown = Reflect.get(globalThis, Symbol.for("maand.running"));
  if (typeof running === "function" && "share" in running && typeof running.share === "function") running.share();
}

/** The default export of a module, or the module itself if it has none. */
export function defaultOf(module: unknown): unknown {
  const exports = exportsOf(module);
  return (hasDefault(exports) ? exports.default : undefined) ?? exports;
}

/**
 * The exports as written in the source. In a CommonJS module that was compiled from an ES module, these exports are
 * properties of the default export, which has its own `default`.
 */
export function exportsOf(module: unknown): unknown {
  const inner = hasDefault(module) ? module.default : undefined;
  if (!hasDefault(inner) && !isCompiled(inner)) return module;
  return isCompiled(inner) || Object.keys(Object(inner)).length === 1 ? inner : module;
}

function hasDefault(value: unknown): value is { readonly default: unknown } {
  return typeof value === "object" && value !== null && "default" in value;
}

function isCompiled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Reflect.get(value, "__esModule") === true;
}

/** Resolves a package or path from `from`; undefined if it does not exist. */
export async function resolveModule(name: string, from: string): Promise<string | undefined> {
  const url = (await importer(from)).esmResolve(name, { try: true });
  return url === undefined ? undefined : url.startsWith("file:") ? fileURLToPath(url) : url;
}

/** The position of an import error in the files under `directory`. */
export async function importFault(cause: unknown, directory: string): Promise<Place | undefined> {
  const jiti = await importer(`${directory}/`, { sourceMaps: true });
  return thrownAt(cause, directory, (filename, source) =>
    jiti.transform({ filename, source, async: true, ts: /\.[mc]?ts$/.test(filename) }),
  );
}

/** The hint for a missing imported package; undefined for any other error. */
export function missingHint(cause: unknown): string | undefined {
  const found = cause instanceof Error ? /Cannot find (?:module|package) '([^'./][^']*)'/.exec(cause.message) : null;
  const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(found?.[1] ?? "") ?? [];
  return name === "" ? undefined : `install it in the bucket: npm install ${name}`;
}

async function importer(from: string, options: Pick<JitiOptions, "virtualModules" | "sourceMaps"> = {}): Promise<Jiti> {
  const { createJiti } = await import("jiti");
  return createJiti(from, { interopDefault: true, moduleCache: false, fsCache: false, ...options });
}
