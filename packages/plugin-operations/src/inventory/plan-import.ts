import { canonicalHost } from "@maand/core/operator";
import type { WorkerEntry } from "../workers/add-workers.ts";
import type { InventoryHost } from "./inventory.ts";

/** The change of one worker by an import, and the reason. */
export type ImportStep =
  | { readonly action: "add"; readonly host: string; readonly reason: string; readonly entry: WorkerEntry }
  | {
      readonly action: "change";
      readonly host: string;
      readonly reason: string;
      /** Index of the entry in `workers.json`. */
      readonly at: number;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly action: "remove"; readonly host: string; readonly reason: string; readonly at: number }
  | { readonly action: "skip"; readonly host: string; readonly reason: string };

/** An entry of `workers.json` as written, and its canonical host. */
export interface WrittenWorker {
  readonly host: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/**
 * Compares an inventory with `workers.json`. New machines are added, different fields and additional labels change an
 * entry, and unchanged machines are skipped. Values that are missing from the inventory are kept, including labels.
 * Machines that the inventory does not name are removed only with `prune`.
 */
export function planImport(
  hosts: readonly InventoryHost[],
  written: readonly WrittenWorker[],
  { prune }: { readonly prune: boolean },
): ImportStep[] {
  const known = new Map(written.map((worker, at) => [worker.host, { ...worker, at }]));
  const seen = new Set<string>();
  const steps = hosts.map((found): ImportStep => {
    const host = canonicalHost(found.host);
    if (found.unusable !== undefined) return { action: "skip", host: found.host, reason: found.unusable };
    if (seen.has(host))
      return { action: "skip", host: found.host, reason: `the inventory lists it twice, also as ${found.name}` };
    seen.add(host);
    const is = known.get(host);
    if (!is) return { action: "add", host: found.host, reason: "is new", entry: entryOf(found) };
    const { fields, reasons } = differences(found, is.entry);
    if (reasons.length === 0) return { action: "skip", host: found.host, reason: "already matches the inventory" };
    return { action: "change", host: found.host, reason: reasons.join("; "), at: is.at, fields };
  });
  const kept = new Set(hosts.filter(({ unusable }) => unusable !== undefined).map(({ host }) => canonicalHost(host)));
  const gone = written.flatMap(({ host }, at): ImportStep[] =>
    !prune || seen.has(host) || kept.has(host)
      ? []
      : [{ action: "remove", host, reason: "is not in the inventory", at }],
  );
  return [...steps, ...gone];
}

/** Whether steps remove more than half of the workers, as an empty or broken inventory would. */
export function losesMost(steps: readonly ImportStep[], workers: number): boolean {
  return steps.filter(({ action }) => action === "remove").length * 2 > workers;
}

function entryOf({ host, labels, fields }: InventoryHost): WorkerEntry {
  const { hostname, ...rest } = fields;
  return {
    host,
    ...(hostname === undefined ? {} : { hostname }),
    ...(labels.length === 0 ? {} : { labels }),
    ...rest,
  };
}

function differences({ labels, fields }: InventoryHost, entry: Readonly<Record<string, unknown>>) {
  const changed: Record<string, unknown> = {};
  const reasons: string[] = [];
  const before = Array.isArray(entry.labels) ? entry.labels.map(String) : [];
  const has = new Set(before.map((label) => label.trim().toLowerCase()));
  const more = labels.filter((label) => !has.has(label.trim().toLowerCase()) && label !== "worker");
  if (more.length > 0) {
    changed.labels = [...before, ...more];
    reasons.push(`labels +${more.join(" +")}`);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (JSON.stringify(entry[name]) === JSON.stringify(value)) continue;
    changed[name] = value;
    reasons.push(
      entry[name] === undefined ? `${name} ${shown(value)}` : `${name} ${shown(entry[name])} -> ${shown(value)}`,
    );
  }
  return { fields: changed, reasons };
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
