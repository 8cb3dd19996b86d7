import { RUN_SIGNS, signOf } from "../signs.ts";
import {
  type Batch,
  type BatchFacts,
  type Change,
  changeAt,
  type Failure,
  type JobHistory,
  type RunHistory,
} from "./run-history.ts";

/** The state of a run after one of its events. */
export interface RunView {
  readonly seq: number;
  /** The time of that event in milliseconds. */
  readonly at: number;
  readonly jobs: readonly JobView[];
  readonly failures: readonly Failure[];
  /** The result of the run; undefined while the run was not over. */
  readonly end: Change | undefined;
}

export interface JobView {
  readonly name: string;
  readonly wave: number;
  readonly total: number;
  readonly state: Change;
  readonly batches: readonly BatchView[];
  /** Allocations by state, the most urgent first. */
  readonly counts: readonly (readonly [state: string, count: number])[];
}

export interface BatchView {
  readonly batch: BatchFacts;
  readonly state: string;
  /** The time of the end; undefined while it is under way. */
  readonly endedAt: number | undefined;
}

/** The state of the run after the event `seq`. */
export function viewAt(history: RunHistory, seq: number): RunView {
  const jobs = [...history.jobs.values()].flatMap((job) => jobAt(job, seq) ?? []);
  const end = history.end && history.end.seq <= seq ? history.end : undefined;
  const last = Math.min(seq, history.seq);
  return {
    seq: last,
    at: changeAt(history.times, last)?.at ?? 0,
    jobs,
    failures: history.failures.filter((one) => one.seq <= seq),
    end,
  };
}

function jobAt(job: JobHistory, seq: number): JobView | undefined {
  const counts = new Map<string, number>();
  for (const changes of job.workers.values()) {
    const state = changeAt(changes, seq)?.state;
    if (state === undefined) continue;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const state =
    changeAt(job.changes, seq) ?? (counts.size > 0 ? { seq: 0, at: 0, state: "running", note: "" } : undefined);
  if (state === undefined) return undefined;
  const batches = job.batches.filter(({ begin }) => begin.seq <= seq).map((batch) => batchAt(job, batch, seq));
  const seen = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const planned = job.planned && job.planned.seq <= seq ? job.planned.total : 0;
  const total = Math.max(planned, seen);
  return { name: job.name, wave: job.wave, total, state, batches, counts: byUrgency(counts) };
}

/** The state of a batch. It is failed as soon as one of its allocations failed, which is before its job ends. */
function batchAt(job: JobHistory, { end, ...batch }: Batch, seq: number): BatchView {
  const { workers, begin } = batch;
  if (end && end.seq <= seq) return { batch, state: end.state, endedAt: end.at };
  const hasFailed = workers.some((worker) => {
    const change = changeAt(job.workers.get(worker) ?? [], seq);
    return change !== undefined && change.seq >= begin.seq && signOf(RUN_SIGNS, change.state).level === "bad";
  });
  return { batch, state: hasFailed ? "failed" : "running", endedAt: undefined };
}

const ORDER = new Map(Object.keys(RUN_SIGNS).map((state, at) => [state, at]));

function byUrgency(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([one], [other]) => (ORDER.get(one) ?? 0) - (ORDER.get(other) ?? 0));
}
