import { MEMBERS_KEY, NAMESPACE } from "./kv-names.ts";

/** The newest row of a key. */
export interface KvRow {
  readonly key: string;
  /** The stored value, which may be encrypted. */
  readonly value: string;
  /** Counted from 1; a deletion also counts. */
  readonly version: number;
  /** The time of the write, in Unix seconds. */
  readonly createdDate: number;
  readonly deleted: boolean;
}

/** A key and value: stored, or computed from a stored list. */
export interface KvEntry extends Omit<KvRow, "value"> {
  value(): string;
}

/** Returns the stored rows of a namespace that are not deleted, by key. */
export type LiveRows = (namespace: string) => ReadonlyMap<string, KvRow>;

/**
 * Entries computed from stored lists of hosts: the hosts of a label or job one by one, and the index and peers of each
 * member. A thousand workers with fifty jobs have fifty thousand lists of 999 peers. The store therefore contains only
 * the lists of hosts, and a thousand entries are computed from each list. A computed entry has the version and date of
 * its list.
 */
export function derivedEntries(namespace: string, live: LiveRows): KvEntry[] {
  if (namespace === NAMESPACE.workers) return inLabels([...live(namespace).values()]);
  const [root, kind, name = "", place, host, ...more] = namespace.split("/");
  if (root !== "maand" || more.length > 0) return [];
  if (kind === "worker" && place === undefined) return placeInLabels(name, live);
  if (kind !== "job") return [];
  if (place === undefined) return numbered(live(namespace).get("workers"), "worker");
  return host === undefined ? [] : placeInJob(name, host, live);
}

const LABEL = "_workers";

/** `<label>_0`, `<label>_1`, ... of every label. */
function inLabels(rows: readonly KvRow[]): KvEntry[] {
  const lists = rows.filter(({ key }) => key.endsWith(LABEL));
  return lists.flatMap((row) => numbered(row, row.key.slice(0, -LABEL.length)));
}

/** `<name>_0`, `<name>_1`, ... */
function numbered(row: KvRow | undefined, name: string): KvEntry[] {
  if (!row) return [];
  return membersOf(row).hosts.map((host, at) => entry(row, `${name}_${at}`, () => host));
}

/** `<label>_allocation_index` and, if there are any, `<label>_peers` for each label of a worker. */
function placeInLabels(host: string, live: LiveRows): KvEntry[] {
  const labels = live(NAMESPACE.worker(host)).get("labels")?.value.split(",") ?? [];
  const lists = live(NAMESPACE.workers);
  return labels.flatMap((name) => {
    const row = lists.get(`${name}${LABEL}`);
    const at = row && membersOf(row).places.get(host);
    if (!row || at === undefined) return [];
    const index = entry(row, `${name}_allocation_index`, () => String(at));
    return membersOf(row).hosts.length > 1 ? [index, entry(row, `${name}_peers`, () => peers(row, host))] : [index];
  });
}

/** `<job>_allocation_index` and `peer_workers`, over all allocations that are not removed, including disabled ones. */
function placeInJob(job: string, host: string, live: LiveRows): KvEntry[] {
  const row = live(NAMESPACE.members(job)).get(MEMBERS_KEY);
  const at = row && membersOf(row).places.get(host);
  if (!row || at === undefined) return [];
  return [entry(row, `${job}_allocation_index`, () => String(at)), entry(row, "peer_workers", () => peers(row, host))];
}

function entry({ version, createdDate, deleted }: KvRow, key: string, value: () => string): KvEntry {
  return { key, version, createdDate, deleted, value };
}

/**
 * The list without one host, cut from the joined text, because joining 999 hosts for each of 50,000 entries would be
 * slow.
 */
function peers(row: KvRow, host: string): string {
  const start = membersOf(row).starts.get(host) ?? 0;
  const rest = row.value.slice(start + host.length);
  return start === 0 ? rest.slice(1) : `${row.value.slice(0, start - 1)}${rest}`;
}

interface Members {
  readonly hosts: readonly string[];
  /** The index of each host in the list. */
  readonly places: ReadonlyMap<string, number>;
  /** The offset of each host in the text of the list. */
  readonly starts: ReadonlyMap<string, number>;
}

/** Each list is parsed once, for all its members. */
const parsedLists = new WeakMap<KvRow, Members>();

function membersOf(row: KvRow): Members {
  const before = parsedLists.get(row);
  if (before) return before;
  const hosts = row.value === "" ? [] : row.value.split(",");
  const starts = new Map<string, number>();
  let start = 0;
  for (const host of hosts) {
    starts.set(host, start);
    start += host.length + 1;
  }
  const members = { hosts, places: new Map(hosts.map((host, at) => [host, at])), starts };
  parsedLists.set(row, members);
  return members;
}
