import { plural } from "@maand/command";
import { compareHosts, groupBy } from "@maand/core/readonly";

/** An action that is ready to be confirmed. */
export interface Prepared {
  /** A sentence about what exactly will happen, with numbers. */
  readonly text: string;
  /** One line for each part. */
  readonly items: readonly string[];
  /** The command without `maand`, as a person types it. */
  readonly command: readonly string[];
  /** How it is carried out: with a command as a process, or with a signal to a running one. */
  readonly start: { readonly argv: readonly string[] } | { readonly interrupts: number };
}

/** A change of an allocation. */
export interface Change {
  readonly job: string;
  readonly worker_ip: string;
  /** The action with details: `restart (1.0.0 to 1.1.0)`. */
  readonly what: string;
}

/** The number of hosts that are named; the others are counted. */
const NAMED = 12;

/** A line for each job and change: `api: restart (1.0.0 to 1.1.0) on 10.0.0.1 and 10.0.0.2`. */
export function changeLines(changes: readonly Change[]): string[] {
  const groups = groupBy(changes, ({ job, what }) => JSON.stringify([job, what]));
  return [...groups.values()].map(
    (same) => `${same[0]?.job}: ${same[0]?.what} on ${named(same.map(({ worker_ip }) => worker_ip))}`,
  );
}

/** `5 allocations on 3 workers`. */
export function counted(changes: readonly Pick<Change, "worker_ip">[]): string {
  const hosts = new Set(changes.map(({ worker_ip }) => worker_ip));
  return `${plural(changes.length, "allocation")} on ${plural(hosts.size, "worker")}`;
}

/** Hosts in order; if there are many, some are only counted. */
export function named(given: readonly string[]): string {
  const hosts = [...new Set(given)].sort(compareHosts);
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}
