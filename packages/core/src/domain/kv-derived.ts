import { MEMBERS_KEY, NAMESPACE } from "./kv-names.ts";

/** The newest row of a key. */
export interface KvRow {
  readonly key: string;
  /** As it is stored: an encrypted one is not readable. */
  readonly value: string;
  /** Counted from 1; a delete counts too. */
  readonly version: number;
  /** Unix seconds of the write. */
  readonly createdDate: number;
  readonly deleted: boolean;
}

/** A key as it is read: stored, or made from a list that is. */
export interface KvEntry extends Omit<KvRow, "value"> {
  value(): string;
}

/** Gives a live stored row. */
export type RowOf = (namespace: string, key: string) => KvRow | undefined;

/**
 * Entries of a namespace that follow from lists of hosts stored elsewhere: the hosts of a label or a job one by one, and
 * each member's place among its peers. A thousand workers with fifty jobs have fifty thousand lists of 999 peers; what
 * is stored is the one list behind each thousand, and a derived entry has that list's version and date.
 */
export function derivedEntries(namespace: string, rowOf: RowOf, keys: readonly string[]): KvEntry[] {
  if (namespace === NAMESPACE.workers)
    return keys.filter((key) => key.endsWith(LABEL)).flatMap((key) => numbered(rowOf(namespace, key), label(key)));
  const [root, kind, name = "", place, host, ...more] = namespace.split("/");
  if (root !== "maand" || more.length > 0) return [];
  if (kind === "worker" && place === undefined) return placeInLabels(namespace, name, rowOf);
  if (kind !== "job") return [];
  if (place === undefined) return numbered(rowOf(namespace, "workers"), "worker");
  return host === undefined ? [] : placeInJob(name, host, rowOf);
}

const LABEL = "_workers";

function label(key: string): string {
  return key.slice(0, -LABEL.length);
}

/** `<name>_0`, `<name>_1`, ... */
function numbered(row: KvRow | undefined, name: string): KvEntry[] {
  if (!row) return [];
  return membersOf(row).hosts.map((host, at) => entry(row, `${name}_${at}`, () => host));
}

/** `<label>_allocation_index` and, if there are any, `<label>_peers` for each label of a worker. */
function placeInLabels(namespace: string, host: string, rowOf: RowOf): KvEntry[] {
  const labels = rowOf(namespace, "labels")?.value.split(",") ?? [];
  return labels.flatMap((name) => {
    const row = rowOf(NAMESPACE.workers, `${name}${LABEL}`);
    const at = row && membersOf(row).places.get(host);
    if (!row || at === undefined) return [];
    const index = entry(row, `${name}_allocation_index`, () => String(at));
    return membersOf(row).hosts.length > 1 ? [index, entry(row, `${name}_peers`, () => peers(row, host))] : [index];
  });
}

/** `<job>_allocation_index` and `peer_workers`, over all non-removed allocations, disabled ones included. */
function placeInJob(job: string, host: string, rowOf: RowOf): KvEntry[] {
  const row = rowOf(NAMESPACE.members(job), MEMBERS_KEY);
  const at = row && membersOf(row).places.get(host);
  if (!row || at === undefined) return [];
  return [
    entry(row, `${job}_allocation_index`, () => String(at)),
    entry(row, "peer_workers", () => peers(row, host)),
  ];
}

function entry({ version, createdDate, deleted }: KvRow, key: string, value: () => string): KvEntry {
  return { key, version, createdDate, deleted, value };
}

function peers(row: KvRow, host: string): string {
  return membersOf(row)
    .hosts.filter((other) => other !== host)
    .join(",");
}

interface Members {
  readonly hosts: readonly string[];
  readonly places: ReadonlyMap<string, number>;
}

/** A list is taken apart once, however many of its members ask. */
const known = new WeakMap<KvRow, Members>();

function membersOf(row: KvRow): Members {
  const before = known.get(row);
  if (before) return before;
  const hosts = row.value === "" ? [] : row.value.split(",");
  const members = { hosts, places: new Map(hosts.map((host, at) => [host, at])) };
  known.set(row, members);
  return members;
}
