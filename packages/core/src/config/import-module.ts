import { fileURLToPath } from "node:url";
import type { Jiti, JitiOptions } from "jiti";
import { type Place, thrownAt } from "./thrown-at.ts";

/** Modules a configuration or plugin may import although they are not installed beside it: name to namespace. */
export type Modules = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Imports a TypeScript or JavaScript file, or a package by name from `from`, and answers its namespace. `@maand/core` is
 * the running one, so that two copies never meet.
 */
export async function importModule(name: string, modules: Modules, from: string = name): Promise<unknown> {
  const given = modules[name];
  if (given) return given();
  const all = await Promise.all(
    Object.entries(modules).map(async ([key, load]): Promise<[string, unknown]> => [key, await load()]),
  );
  const jiti = await importer(from, { virtualModules: Object.fromEntries(all) });
  const loaded: unknown = await jiti.import(name);
  return loaded;
}

/** The default export of a module, or, where there is none, the module as a whole. */
export function defaultOf(module: unknown): unknown {
  return (typeof module === "object" && module !== null && "default" in module ? module.default : undefined) ?? module;
}

/** Where a package or path leads from `from`; undefined when it leads nowhere. */
export async function resolveModule(name: string, from: string): Promise<string | undefined> {
  const url = (await importer(from)).esmResolve(name, { try: true });
  return url === undefined ? undefined : url.startsWith("file:") ? fileURLToPath(url) : url;
}

/** Where below `directory` an error of an import comes from. */
export async function importFault(cause: unknown, directory: string): Promise<Place | undefined> {
  const jiti = await importer(`${directory}/`, { sourceMaps: true });
  return thrownAt(cause, directory, (filename, source) =>
    jiti.transform({ filename, source, async: true, ts: /\.[mc]?ts$/.test(filename) }),
  );
}

/** What to do about a package that is imported and not there; undefined for any other error. */
export function missingHint(cause: unknown): string | undefined {
  const found = cause instanceof Error ? /Cannot find (?:module|package) '([^'./][^']*)'/.exec(cause.message) : null;
  const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(found?.[1] ?? "") ?? [];
  return name === "" ? undefined : `install it beside the bucket: npm install ${name}`;
}

async function importer(from: string, options: Pick<JitiOptions, "virtualModules" | "sourceMaps"> = {}): Promise<Jiti> {
  const { createJiti } = await import("jiti");
  return createJiti(from, { interopDefault: true, moduleCache: false, fsCache: false, ...options });
}
