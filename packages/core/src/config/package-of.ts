import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isRecord } from "../domain/checks/validate.ts";

/** Metadata of a plugin's package. */
export interface PackageFacts {
  readonly version?: string;
  /** Versions of @maand/core in its peer dependencies. */
  readonly core?: string;
}

/**
 * The package of a plugin's file: the nearest enclosing package with a peer dependency on @maand/core, otherwise the
 * installed package that contains the file. A file in the bucket itself belongs to no package.
 */
export function packageOf(file: string | undefined): PackageFacts {
  for (const { peerDependencies, version } of manifestsAbove(file)) {
    const core = isRecord(peerDependencies) ? peerDependencies["@maand/core"] : undefined;
    if (typeof core === "string") return { core, ...(typeof version === "string" ? { version } : {}) };
  }
  const [installed] = file?.includes("/node_modules/") ? manifestsAbove(file) : [];
  return typeof installed?.version === "string" ? { version: installed.version } : {};
}

/** The version of the running @maand/core. */
export function coreVersion(): string {
  const own = manifestsAbove(fileURLToPath(import.meta.url)).find(({ name }) => name === "@maand/core");
  return String(own?.version);
}

function manifestsAbove(file: string | undefined): Readonly<Record<string, unknown>>[] {
  const found: Readonly<Record<string, unknown>>[] = [];
  for (let at = file; at !== undefined && dirname(at) !== at; at = dirname(at)) {
    const manifest = read(join(dirname(at), "package.json"));
    if (manifest) found.push(manifest);
  }
  return found;
}

function read(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
