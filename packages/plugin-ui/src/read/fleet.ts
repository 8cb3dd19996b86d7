import type { FleetAnswer, FleetWorker } from "../contract.ts";
import type { FleetPicture } from "./fleet-picture.ts";
import { byUrgency, STATES, stateOf } from "./states.ts";

/** A selection of the fleet. Empty lists do not filter. */
export interface FleetFilter {
  readonly labels: readonly string[];
  readonly zones: readonly string[];
  readonly jobs: readonly string[];
  /** Keys of states: workers with one of them in a column of the response. */
  readonly states: readonly string[];
  /** Part of a host or hostname. */
  readonly q: string;
  readonly byAttention: boolean;
  readonly after: number;
  readonly limit: number;
}

/** The part of a fleet that a filter selects. */
export function fleetAnswer(
  picture: FleetPicture,
  filter: FleetFilter,
  { seq, at }: Pick<FleetAnswer, "seq" | "at">,
): FleetAnswer {
  const columns = picture.jobs.flatMap(({ name }, index) =>
    filter.jobs.length === 0 || filter.jobs.includes(name) ? [index] : [],
  );
  const isWhole = columns.length === picture.jobs.length;
  const signs = new Set(filter.states.map((key) => stateOf(key).sign));
  const found = picture.workers
    .filter((worker) => isWanted(worker, filter))
    .map((worker) => (isWhole ? worker : { ...worker, cells: columns.map((index) => worker.cells[index]).join("") }))
    .filter(({ cells }) => signs.size === 0 || [...signs].some((sign) => cells.includes(sign)));
  if (filter.byAttention) found.sort((a, b) => byUrgency(a.level, b.level));
  const end = filter.after + filter.limit;
  return {
    seq,
    at,
    states: STATES,
    jobs: isWhole ? picture.jobs : columns.flatMap((index) => picture.jobs[index] ?? []),
    workers: found.slice(filter.after, end),
    total: found.length,
    all: picture.workers.length,
    next: end < found.length ? end : null,
    labels: picture.labels,
    zones: picture.zones,
  };
}

function isWanted({ host, hostname, zone, labels }: FleetWorker, filter: FleetFilter): boolean {
  const { q } = filter;
  return (
    (filter.labels.length === 0 || filter.labels.some((label) => labels.includes(label))) &&
    (filter.zones.length === 0 || (zone !== null && filter.zones.includes(zone))) &&
    (q === "" || host.toLowerCase().includes(q) || (hostname?.toLowerCase().includes(q) ?? false))
  );
}
