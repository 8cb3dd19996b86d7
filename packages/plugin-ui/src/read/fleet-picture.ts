import { compareHosts, type Deployment, deployments, lockHolder, type Store } from "@maand/core/readonly";
import type { FleetJob, FleetWorker, Level } from "../contract.ts";
import { CHANGING, FAILED, mostUrgent, NOT_PLACED, stateOf } from "./states.ts";

/** All workers and jobs, before any filter. */
export interface FleetPicture {
  readonly jobs: readonly FleetJob[];
  readonly workers: readonly FleetWorker[];
  readonly labels: readonly string[];
  readonly zones: readonly string[];
}

/**
 * The state key of an allocation. `isBusy` means that a command holds the lock, so that allocations in doubt are
 * the allocations that it is changing.
 */
export function keyOf(
  { rollout, inDoubt, failed }: Pick<Deployment, "rollout" | "inDoubt" | "failed">,
  isBusy: boolean,
): string {
  if (inDoubt && isBusy) return CHANGING;
  return failed && rollout !== "maintenance" ? FAILED : rollout;
}

/** The data that is read once for all browsers while the store is unchanged. */
export interface FleetSnapshot {
  readonly deployments: readonly Deployment[];
  /** Whether a command holds the lock. */
  readonly isBusy: boolean;
  readonly picture: FleetPicture;
}

/** Reads the complete fleet from the store. */
export function fleetSnapshot(store: Store): FleetSnapshot {
  const all = deployments(store);
  const isBusy = lockHolder(store.holder) !== undefined;
  return { deployments: all, isBusy, picture: pictureOf(store, all, isBusy) };
}

function pictureOf(store: Store, all: readonly Deployment[], isBusy: boolean): FleetPicture {
  const { jobs, removedJobs, workers, removedWorkers } = store.catalog.read();
  const placed = { jobs: new Set(all.map(({ job }) => job)), hosts: new Set(all.map(({ host }) => host)) };
  const columns = [
    ...[...jobs].sort((a, b) => a.deploymentSeq - b.deploymentSeq || compareHosts(a.name, b.name)),
    ...removedJobs.filter(({ name }) => placed.jobs.has(name)),
  ];
  const columnOf = new Map(columns.map(({ name }, at) => [name, at]));
  const removedHosts = new Set(removedWorkers.map(({ host }) => host));
  const hosts = [...workers, ...removedWorkers.filter(({ host }) => placed.hosts.has(host))];
  const empty = Array.from({ length: columns.length }, () => NOT_PLACED);
  const cells = new Map(hosts.map(({ host }) => [host, [...empty]]));
  const tallies = columns.map(() => ({ counts: new Map<string, number>(), running: new Map<string, number>() }));
  for (const one of all) {
    const [at, row] = [columnOf.get(one.job), cells.get(one.host)];
    const tally = at === undefined ? undefined : tallies[at];
    if (at === undefined || !row || !tally) continue;
    const key = keyOf(one, isBusy);
    row[at] = key;
    add(tally.counts, key);
    if (one.promotedDigest !== null && !one.removed) add(tally.running, one.currentVersion);
  }
  const removedJobNames = new Set(removedJobs.map(({ name }) => name));
  const behind = store.leftBehind.all();
  const inMaintenance = store.maintenance.hosts();
  return {
    jobs: columns.map(({ name, deploymentSeq, version, hold }, at) => ({
      name,
      wave: deploymentSeq,
      running: [...(tallies[at]?.running ?? [])].sort(([, a], [, b]) => b - a).map(([word]) => word),
      target: removedJobNames.has(name) ? null : version,
      held: hold !== undefined,
      counts: Object.fromEntries(tallies[at]?.counts ?? []),
    })),
    workers: hosts.map(({ host, hostname, position, tags, labels }): FleetWorker => {
      const keys = cells.get(host) ?? [];
      const note = removedHosts.has(host)
        ? "removed"
        : behind.has(host)
          ? "left_behind"
          : inMaintenance.has(host)
            ? "maintenance"
            : null;
      return {
        host,
        hostname: hostname ?? null,
        position,
        zone: tags.zone ?? null,
        labels,
        note,
        level: mostUrgent([...new Set(keys).values()].map((key) => stateOf(key).level).concat(levelOfNote(note))),
        cells: keys.map((key) => stateOf(key).sign).join(""),
      };
    }),
    labels: sorted(workers.flatMap(({ labels }) => labels)),
    zones: sorted(workers.flatMap(({ tags }) => tags.zone ?? [])),
  };
}

/** The urgency of a worker's note. */
export function levelOfNote(note: FleetWorker["note"]): Level {
  if (note === null) return "none";
  return note === "left_behind" ? "bad" : "warn";
}

function add(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].sort(compareHosts);
}
