import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isRecord } from "../domain/checks/validate.ts";

/** What a plugin's package says of it. */
export interface PackageFacts {
  readonly version?: string;
  /** Versions of @maand/core it asks for as a peer. */
  readonly core?: string;
}

/**
 * The package a plugin's file belongs to: the one above it that asks for @maand/core, or else the one it was installed with.
 * A file of a bucket belongs to none.
 */
export function packageOf(file: string | undefined): PackageFacts {
  for (const { peerDependencies, version } of manifestsAbove(file)) {
    const core = isRecord(peerDependencies) ? peerDependencies["@maand/core"] : undefined;
    if (typeof core === "string") return { core, ...(typeof version === "string" ? { version } : {}) };
  }
  const [installed] = file?.includes("/node_modules/") ? manifestsAbove(file) : [];
  return typeof installed?.version === "string" ? { version: installed.version } : {};
}

/** The version of this very @maand/core. */
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
