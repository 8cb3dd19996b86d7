import type { BucketPaths } from "../config/find-bucket.ts";
import { contentHash, treeDigest } from "../domain/deploy/digest.ts";
import type { BuiltWorkspace } from "../store/bucket-rows.ts";
import type { Store } from "../store/store.ts";
import { type ReadOptions, type ReadWorkspace, readWorkspace } from "../workspace/read.ts";

/** What a build stores about its workspace: digests of its parts, and the options it was read with. */
export function builtWorkspace(
  read: ReadWorkspace,
  settings: Pick<ReadOptions, "selector" | "maxBytes">,
): BuiltWorkspace {
  const { disabled, portRange, overrides } = read.written;
  return { ...settings, parts: Object.fromEntries(partsOf(read)), placing: { disabled, portRange, overrides } };
}

/**
 * Returns the sorted names of the parts of the workspace that changed since the last build, such as `jobs/api` or
 * `workers.json`. Files are read only if their size or time differs from the recorded one, so the check is cheap enough
 * for every deploy. The result is empty if the last build was made by an older version of maand.
 */
export function unbuiltParts({ store, paths }: { readonly store: Store; readonly paths: BucketPaths }): string[] {
  const built = store.bucket.built();
  if (!built) return [];
  const before = store.catalog.seenFiles();
  const now = partsOf(readWorkspace(paths.workspace, { ...built, before }, () => undefined));
  const names = new Set([...Object.keys(built.parts), ...now.keys()]);
  return [...names].filter((name) => built.parts[name] !== now.get(name)).sort();
}

function partsOf({ written, variables }: ReadWorkspace): Map<string, string> {
  const { workers, disabled, portRange, overrides, jobs } = written;
  const parts = new Map([
    ["workers.json", digestOf(workers)],
    ["disabled.json", digestOf(disabled)],
    ["bucket.conf", digestOf([portRange, variables.bucketVars])],
  ]);
  // the manifest and vars.toml of a job are among its files
  for (const { name, files } of jobs)
    parts.set(`jobs/${name}`, digestOf([treeDigest(files), overrides[name], variables.overrides.get(name)]));
  return parts;
}

function digestOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part));
  return contentHash(Buffer.from(text ?? ""));
}
