import { type Away, awayOf, type Hold, mayBeBack } from "../../domain/budget/away.ts";
import { budgetOf } from "../../domain/budget/budget.ts";
import type { JobAvailability } from "../../domain/budget/claim.ts";
import type { RecordedState } from "../../domain/deploy/plan.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { Run } from "../run.ts";
import type { BudgetState } from "./budget-state.ts";

/** The parts of a run that its claims are decided by. */
export type ObservedRun = Pick<Run, "bucket" | "jobs" | "allocationsOf" | "budget"> & Partial<Pick<Run, "number">>;

/** What is away of some jobs, read at one moment. */
export interface JobStates {
  readonly jobs: ReadonlyMap<string, JobAvailability>;
  /** Whether a health check may free an allocation that is away. */
  mayBeBack(job: string, away: Away): boolean;
}

/** Reads what is away of the named jobs. Removed jobs have no allocations that count. */
export function readJobStates(run: ObservedRun, names: readonly string[]): JobStates {
  const { store } = run.bucket;
  const allocations = names.flatMap((name) => run.allocationsOf.get(name) ?? []);
  const holds = new Map(store.holds.all().map((hold) => [hold.allocation, hold]));
  const ids = new Map(allocations.map(({ id, job, host }) => [`${job}|${host}`, id]));
  const source = {
    recorded: store.promoted.recordedOf(allocations.map(({ id }) => id)),
    unchecked: store.pendingHealth.all(),
    holds,
    budget: run.budget,
    run: run.number,
  };
  const known = names.flatMap((name) => run.jobs.get(name) ?? []);
  return {
    jobs: new Map(known.map((job) => [job.name, stateOf(job, run.allocationsOf.get(job.name) ?? [], source)])),
    mayBeBack: (job, away) => mayBeBack(away, holds.get(ids.get(`${job}|${away.host}`) ?? "")),
  };
}

interface StateSource {
  readonly recorded: ReadonlyMap<string, RecordedState>;
  readonly unchecked: ReadonlyMap<string, unknown>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly budget: BudgetState;
  /** The number of the deciding run, if it has a journal. */
  readonly run: number | undefined;
}

function stateOf(job: Job, allocations: readonly Allocation[], source: StateSource): JobAvailability {
  const { recorded, unchecked, holds, budget } = source;
  const away = new Map<string, Away>();
  for (const allocation of allocations) {
    const { id, host } = allocation;
    const records = {
      recorded: settledOf(recorded.get(id) ?? {}, source.run),
      hold: holds.get(id),
      isUnchecked: unchecked.has(id),
    };
    const one = awayOf(allocation, records, budget.seen(job.name, host));
    if (one) away.set(host, one);
  }
  for (const [host, by] of budget.down(job.name)) away.set(host, { host, cause: "held", by });
  return { job: job.name, budget: budgetOf(job, allocations.length), away };
}

/** Without what this run itself has under way: it knows better what of that is down. */
function settledOf(recorded: RecordedState, run: number | undefined): RecordedState {
  const { unsettled, ...rest } = recorded;
  return unsettled?.inDoubt && unsettled.run === run ? rest : recorded;
}
