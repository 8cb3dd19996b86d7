import { type Away, awayOf, mayBeBack, type RecordedDowntime } from "../../domain/budget/away.ts";
import { budgetOf } from "../../domain/budget/budget.ts";
import type { JobAvailability } from "../../domain/budget/downtime.ts";
import type { RecordedState } from "../../domain/deploy/plan.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { Run } from "../run.ts";
import type { BudgetState } from "./budget-state.ts";

/** The properties of a run that a decision about downtime depends on. */
export type ObservedRun = Pick<Run, "bucket" | "jobs" | "allocationsOf" | "budget"> & Partial<Pick<Run, "number">>;

/** The unavailable allocations of some jobs, read at one moment. */
export interface JobStates {
  readonly jobs: ReadonlyMap<string, JobAvailability>;
  /** Whether a health check could show that an unavailable allocation is available again. */
  mayBeBack(job: string, away: Away): boolean;
}

/** Reads the unavailable allocations of the named jobs. Removed jobs have no allocations that count. */
export function readJobStates(run: ObservedRun, names: readonly string[]): JobStates {
  const { store } = run.bucket;
  const allocations = names.flatMap((name) => run.allocationsOf.get(name) ?? []);
  const downtimes = new Map(store.downtimes.all().map((downtime) => [downtime.allocation, downtime]));
  const ids = new Map(allocations.map(({ id, job, host }) => [`${job}|${host}`, id]));
  const source = {
    recorded: store.promoted.recordedOf(allocations.map(({ id }) => id)),
    unchecked: store.pendingHealth.all(),
    downtimes,
    budget: run.budget,
    run: run.number,
  };
  const known = names.flatMap((name) => run.jobs.get(name) ?? []);
  return {
    jobs: new Map(known.map((job) => [job.name, stateOf(job, run.allocationsOf.get(job.name) ?? [], source)])),
    mayBeBack: (job, away) => mayBeBack(away, downtimes.get(ids.get(`${job}|${away.host}`) ?? "")),
  };
}

interface StateSource {
  readonly recorded: ReadonlyMap<string, RecordedState>;
  readonly unchecked: ReadonlyMap<string, unknown>;
  readonly downtimes: ReadonlyMap<string, RecordedDowntime>;
  readonly budget: BudgetState;
  /** The number of the deciding run, if it has a journal. */
  readonly run: number | undefined;
}

function stateOf(job: Job, allocations: readonly Allocation[], source: StateSource): JobAvailability {
  const { recorded, unchecked, downtimes, budget } = source;
  const away = new Map<string, Away>();
  for (const allocation of allocations) {
    const { id, host } = allocation;
    const records = {
      recorded: settledOf(recorded.get(id) ?? {}, source.run),
      downtime: downtimes.get(id),
      isUnchecked: unchecked.has(id),
    };
    const one = awayOf(allocation, records, budget.seen(job.name, host));
    if (one) away.set(host, one);
  }
  for (const [host, by] of budget.down(job.name)) away.set(host, { host, cause: "taken_down", by });
  return { job: job.name, budget: budgetOf(job, allocations.length), away };
}

/** The records without the changes of this run, because its own state contains what it has taken down. */
function settledOf(recorded: RecordedState, run: number | undefined): RecordedState {
  const { unsettled, ...rest } = recorded;
  return unsettled?.inDoubt && unsettled.run === run ? rest : recorded;
}
