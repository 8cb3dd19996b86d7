import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { contentHash, type Loaded } from "@maand/core/internal";

/**
 * The version of each plugin, by name. If a plugin has no version, the digest of the file that it was loaded from is
 * used. `root` is the directory of the bucket. Stock plugins have the version of maand.
 */
export function pluginVersions({ plugins }: Pick<Loaded, "plugins">, root: string): Record<string, string> {
  return Object.fromEntries(
    plugins.map(({ plugin, version, source }) => [
      plugin.name,
      plugin.version ?? version ?? (source === "stock" ? "stock" : digestOfFile(source, root)),
    ]),
  );
}

function digestOfFile(source: string, root: string): string {
  const path = isAbsolute(source) ? source : join(root, source);
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? `file ${contentHash(readFileSync(path)).slice(0, 16)}` : "unknown";
}
