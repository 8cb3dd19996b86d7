import type { FleetAnswer, FleetJob, FleetWorker, Level } from "../../../src/contract.ts";
import { urgency } from "../signs.ts";

/** The filters of the fleet. An empty list or text selects everything; several values of one list mean "any of". */
export interface FleetFilter {
  /** Part of a host or hostname. */
  readonly q: string;
  readonly label: readonly string[];
  readonly zone: readonly string[];
  /** Names of jobs: the columns, and the jobs in which the filter searches for `state`. */
  readonly job: readonly string[];
  /** Keys of states. */
  readonly state: readonly string[];
  readonly sort: "attention" | "position";
}

/** A column of the grid: a job, and its index in the cells of each worker. */
export interface Column {
  readonly job: FleetJob;
  readonly at: number;
}

/** The shown part of a fleet, in the shown order. */
export interface ShownFleet {
  readonly columns: readonly Column[];
  readonly workers: readonly FleetWorker[];
}

/** The filter in the query of a route. */
export function filterOf(query: URLSearchParams): FleetFilter {
  return {
    q: query.get("q") ?? "",
    label: query.getAll("label"),
    zone: query.getAll("zone"),
    job: query.getAll("job"),
    state: query.getAll("state"),
    sort: query.get("sort") === "position" ? "position" : "attention",
  };
}

/** Whether a filter excludes anything. */
export function isFiltered({ q, label, zone, job, state }: FleetFilter): boolean {
  return q !== "" || [label, zone, job, state].some((list) => list.length > 0);
}

/** The workers that match all filters, and their shown columns. */
export function filterFleet(fleet: FleetAnswer, filter: FleetFilter): ShownFleet {
  const jobs = new Set(filter.job);
  const columns = fleet.jobs.flatMap((job, at) => (jobs.size === 0 || jobs.has(job.name) ? [{ job, at }] : []));
  const matches = [
    byText(filter.q),
    anyOf(filter.label, ({ labels }) => labels),
    anyOf(filter.zone, ({ zone }) => (zone === null ? [] : [zone])),
    jobs.size === 0 ? undefined : placed(fleet, columns),
    byState(fleet, filter.state, columns),
  ].filter((match) => match !== undefined);
  const workers = fleet.workers.filter((worker) => matches.every((match) => match(worker)));
  const isUrgentFirst = filter.sort === "attention";
  return {
    columns: isUrgentFirst ? urgentFirst(fleet, columns) : columns,
    workers: sorted(workers, filter.sort),
  };
}

/**
 * Jobs with problems first, so that they are visible however many jobs there are. The others keep the order of their
 * waves.
 */
function urgentFirst(fleet: FleetAnswer, columns: readonly Column[]): readonly Column[] {
  const urgent = (level: Level) => fleet.states.filter((state) => state.level === level).map(({ key }) => key);
  const [bad, warn] = [urgent("bad"), urgent("warn")];
  const count = ({ job }: Column, keys: readonly string[]) =>
    keys.reduce((sum, key) => sum + (job.counts[key] ?? 0), 0);
  return columns.toSorted(
    (one, other) => count(other, bad) - count(one, bad) || count(other, warn) - count(one, warn) || one.at - other.at,
  );
}

type Match = (worker: FleetWorker) => boolean;

function byText(q: string): Match | undefined {
  const part = q.trim().toLowerCase();
  if (part === "") return undefined;
  return ({ host, hostname }) => host.includes(part) || (hostname?.toLowerCase().includes(part) ?? false);
}

function anyOf(wanted: readonly string[], having: (worker: FleetWorker) => readonly string[]): Match | undefined {
  if (wanted.length === 0) return undefined;
  const set = new Set(wanted);
  return (worker) => having(worker).some((value) => set.has(value));
}

/** A filter by job excludes workers that have none of these jobs. */
function placed(fleet: FleetAnswer, columns: readonly Column[]): Match {
  const none = fleet.states.find(({ key }) => key === "none")?.sign;
  return ({ cells }) => columns.some(({ at }) => cells[at] !== none);
}

function byState(fleet: FleetAnswer, keys: readonly string[], columns: readonly Column[]): Match | undefined {
  if (keys.length === 0) return undefined;
  const signs = new Set(fleet.states.filter(({ key }) => keys.includes(key)).map(({ sign }) => sign));
  return ({ cells }) => columns.some(({ at }) => signs.has(cells[at] ?? ""));
}

function sorted(workers: readonly FleetWorker[], sort: FleetFilter["sort"]): readonly FleetWorker[] {
  const byPosition = (one: FleetWorker, other: FleetWorker) => one.position - other.position;
  if (sort === "position") return workers.toSorted(byPosition);
  return workers.toSorted((one, other) => urgency(one.level) - urgency(other.level) || byPosition(one, other));
}
