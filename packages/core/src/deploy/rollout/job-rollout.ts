import { type Batch, lifecycleBatches, type RolloutOrder } from "../../domain/deploy/batches.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { PlannedAllocation, PlannedJob } from "../../plan/plan-job.ts";
import { orderOf } from "../../plan/plan-steps.ts";
import type { ScopedJobContext } from "../../plugin-api/scope.ts";
import type { Run } from "../../run/run.ts";
import { scopedJobContext } from "../../run/scope/scoped-job-context.ts";

/** Planned allocations that are rolled out together, with their lifecycle commands. */
export type PlannedBatch = Batch<PlannedAllocation>;

/** The input of one job's rollout, created once before the rollout starts. */
export interface JobRollout {
  readonly run: Run;
  readonly job: Job;
  readonly plan: PlannedJob;
  /** For the hooks of the job. */
  readonly context: ScopedJobContext;
  readonly order: RolloutOrder;
  /** The allocations that need a lifecycle command, in rollout order. */
  readonly batches: readonly PlannedBatch[];
  /** The allocations that each round of this rollout has changed or might have changed. */
  readonly rounds: (readonly PlannedAllocation[])[];
  /**
   * Whether other allocations of the job get the release in a later step. The health of this part does not depend on
   * those allocations.
   */
  readonly isPart: boolean;
  /** Active allocations that have not failed in this run so far. */
  present(): Allocation[];
}

/**
 * Creates the rollout from a job's plan. Allocations that failed in this run, such as those of a lost worker, are not
 * in any batch. The allocations on `hostsFirst` are rolled out before the others.
 */
export function jobRollout(run: Run, plan: PlannedJob, hostsFirst: readonly string[] = []): JobRollout {
  const { job } = plan;
  const active = (run.allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
  const hosts = active.map(({ host }) => host);
  const isActive = new Set(hosts);
  const order = orderOf(run, job);
  const inOrder = [...new Set([...hostsFirst.filter((host) => isActive.has(host)), ...order.order])];
  const members = plan.allocations.filter(
    ({ allocation }) => !allocation.disabled && !run.ledger.lost(job.name, allocation.host),
  );
  return {
    run,
    job,
    plan,
    context: scopedJobContext(run, job),
    order,
    batches: lifecycleBatches(job, inOrder, members, run.allocationsOf.get(job.name)?.length),
    rounds: [],
    isPart: (plan.left?.length ?? 0) > 0,
    present: () => active.filter(({ host }) => !run.ledger.lost(job.name, host)),
  };
}

/** A part of a rollout, such as one step. Its changes count as changes of the whole rollout. */
export function partOf(
  { run, plan, rounds }: JobRollout,
  allocations: readonly PlannedAllocation[],
  { isPart }: Pick<JobRollout, "isPart">,
): JobRollout {
  return { ...jobRollout(run, { ...plan, allocations }), rounds, isPart };
}
