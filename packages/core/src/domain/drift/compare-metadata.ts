import type { FileDrift } from "./compare-files.ts";

/** The synced metadata of a worker, for a comparison with the worker. */
export interface MetadataComparison {
  /** The texts that a sync would write now, by path, if it had the sequence number of the last sync. */
  readonly wanted: ReadonlyMap<string, string>;
  /** SHA-256 by path of {@link wanted}. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly found: ReadonlyMap<string, { readonly hash: string; readonly text?: string }>;
  /** Whether these texts, by path, are the texts of the last sync. */
  isLastDelivery(texts: ReadonlyMap<string, string>): boolean;
}

/**
 * How the metadata of a worker differs from the last sync. If the worker has exactly the metadata of the last sync,
 * there is no drift, even if the next sync will write different metadata, for example after an upgrade of maand.
 */
export function compareMetadata({ wanted, hashes, found, isLastDelivery }: MetadataComparison): FileDrift[] {
  const differing = [...wanted.keys()].filter((path) => found.get(path)?.hash !== hashes.get(path));
  if (differing.length === 0) return [];
  const present = [...wanted].filter(([path]) => found.has(path));
  if (isLastDelivery(new Map(present.map(([path, text]) => [path, found.get(path)?.text ?? text])))) return [];
  return differing.sort().map((path): FileDrift => {
    const there = found.get(path);
    if (!there) return { path, change: "missing" };
    const detail = fieldsThatDiffer(wanted.get(path), there.text);
    return { path, change: "changed", ...(detail === "" ? {} : { detail }) };
  });
}

/** The maximum number of fields that are named. If more fields differ, none is named. */
const NAMED = 2;

/**
 * `update_seq 3 -> 9` for two JSON objects; empty if one of the texts is not an object, or if too many fields differ.
 */
function fieldsThatDiffer(wanted: string | undefined, found: string | undefined): string {
  const [expected, there] = [asObject(wanted), asObject(found)];
  if (!expected || !there) return "";
  const fields = Object.keys(expected).filter((key) => JSON.stringify(expected[key]) !== JSON.stringify(there[key]));
  if (fields.length > NAMED) return "";
  return fields
    .map((key) => `${key} ${JSON.stringify(expected[key])} -> ${JSON.stringify(there[key]) ?? "missing"}`)
    .join(", ");
}

function asObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
