import { isInMaintenance, type MaintainedWorker, progressText } from "../../domain/maintenance/maintenance.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import { lockHolder } from "../lock/bucket-lock.ts";
import type { StoredMaintenance } from "../maintenance/maintenance-rows.ts";
import type { Store } from "../store.ts";

/** A worker of the maintenance run in progress: one row of `maand maintain status`. */
export interface MaintainedWorkerView extends MaintainedWorker {
  /** Jobs that were stopped there for maintenance and are not started again yet, in name order. */
  readonly stopped: readonly string[];
}

/** The maintenance run in progress. */
export interface MaintenanceView extends Omit<StoredMaintenance, "workers"> {
  readonly workers: readonly MaintainedWorkerView[];
  /** The process id of the run that is working on it; undefined if none is. */
  readonly pid: number | undefined;
  /** A summary sentence with the next commands. */
  readonly text: string;
}

/** The maintenance run in progress, from the store alone; undefined if there is none. */
export function openMaintenance(store: Store): MaintenanceView | undefined {
  const open = store.maintenance.open();
  if (!open) return undefined;
  const allocations = new Map(store.catalog.allocations().map((allocation) => [allocation.id, allocation]));
  const recorded = store.promoted.recorded();
  const stops = store.maintenance
    .stops(open.number)
    .filter(({ allocation }) => recorded.get(allocation)?.promoted?.stopped);
  const workers = open.workers.map((worker) => ({ ...worker, stopped: jobsStopped(stops, worker.host, allocations) }));
  const holder = lockHolder(store.holder);
  const pid = holder?.command.startsWith("maintain") ? holder.pid : undefined;
  return { ...open, workers, pid, text: textOf(open, pid) };
}

function jobsStopped(
  stops: readonly { readonly host: string; readonly allocation: string }[],
  host: string,
  allocations: ReadonlyMap<string, Allocation>,
): string[] {
  const there = stops.filter((stop) => stop.host === host);
  return there.flatMap(({ allocation }) => allocations.get(allocation)?.job ?? []).sort();
}

function textOf({ number, workers, startedBy, startedAt }: StoredMaintenance, pid: number | undefined): string {
  const since = `${startedAt.slice(0, 16).replace("T", " ")} UTC`;
  const next = pid === undefined ? NEXT : `it is running, pid ${pid}`;
  return `maintenance ${number}, started by ${startedBy} at ${since}: ${progressText(workers)}; ${next}`;
}

const NEXT = "maand maintain resume continues it, maand maintain abort ends it and starts what it stopped";

/**
 * The sentence that deploys and dry runs print about workers in maintenance, which they do not change; an empty list if
 * no worker is in maintenance.
 */
export function maintenanceTexts(store: Pick<Store, "maintenance">): string[] {
  const hosts =
    store.maintenance
      .open()
      ?.workers.filter(isInMaintenance)
      .map(({ host }) => host) ?? [];
  if (hosts.length === 0) return [];
  const are = hosts.length === 1 ? "is" : "are";
  return [
    `${hosts.join(", ")} ${are} in maintenance, so nothing is changed there; to see the next step, run maand maintain status`,
  ];
}
