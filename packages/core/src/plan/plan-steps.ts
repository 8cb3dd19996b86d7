import { type RolloutOrder, rolloutOrder } from "../domain/deploy/batches.ts";
import { NAMESPACE } from "../domain/kv/kv-names.ts";
import { releaseName } from "../domain/release/release.ts";
import { stepState } from "../domain/rollout/open-rollout.ts";
import { remainingParts, upToPause } from "../domain/rollout/steps.ts";
import type { Job } from "../domain/workspace/job.ts";
import type { Run } from "../run/run.ts";
import type { PausedRollout } from "../run-result.ts";
import type { PlannedAllocation, PlannedJob, PlanSource, StepPlan } from "./plan-job.ts";

/** The order in which the active allocations of a job are rolled out. */
export function orderOf({ bucket, allocationsOf }: Pick<Run, "bucket" | "allocationsOf">, { name }: Job): RolloutOrder {
  const active = (allocationsOf.get(name) ?? []).filter(({ disabled }) => !disabled);
  const hosts = active.map(({ host }) => host);
  return rolloutOrder(hosts, bucket.kv.find(NAMESPACE.job(name), "rollout_order"));
}

/**
 * The plan of a job with a staged rollout, up to its first pause. Allocations that wait for a later step are removed
 * from the plan. Deploy and dry run both call this. A new release is staged where another release runs. The following
 * are not staged: a first deploy, a rollback, a revert, a release that was healthy everywhere before, and the release
 * that ran before an open rollout.
 */
export function inSteps(source: PlanSource, plan: PlannedJob): PlannedJob {
  const { job } = plan;
  const { rollout, release } = job;
  if (!rollout || release === undefined || source.cause) return plan;
  const { rollouts, releases } = source.bucket.store;
  const stored = rollouts.find(job.name);
  const open = stored?.release === release ? stored : undefined;
  if (!open && (stored?.previous === release || releases.find(job.name, release)?.goodAt !== undefined)) return plan;
  const members = membersOf(source, plan);
  if (!members.some(open ? ({ runs }) => runs : ({ isLeft }) => isLeft)) return plan;
  const { steps } = rollout;
  const all = remainingParts(steps, open?.step ?? 0, members);
  const parts = upToPause(steps, all);
  const reached = new Set(parts.flatMap(({ hosts }) => hosts));
  const waiting = members.filter(({ isDone, host }) => !isDone && !reached.has(host)).map(({ planned }) => planned);
  const waits = new Set(waiting);
  return {
    ...plan,
    allocations: plan.allocations.filter((planned) => !waits.has(planned)),
    afterPending: plan.afterPending && waiting.length === 0,
    steps: {
      ...{ open, parts, waiting, replaces: open ? undefined : stored },
      state: open && parts[0]?.step === open.step ? stepState(steps[open.step]) : "under_way",
    } satisfies StepPlan,
  };
}

interface Member {
  readonly host: string;
  readonly planned: PlannedAllocation;
  /** Whether it runs the release, or the deploy does not change it. */
  readonly isDone: boolean;
  readonly priority: boolean;
  /** Whether any release runs on the allocation. */
  readonly runs: boolean;
  /**
   * Whether it changes to this release from another release. An allocation that goes back from a held release does not
   * count.
   */
  readonly isLeft: boolean;
}

/** The active allocations in rollout order. */
function membersOf(source: PlanSource, { job, allocations }: PlannedJob): Member[] {
  const byHost = new Map(allocations.map((planned) => [planned.allocation.host, planned]));
  return orderOf(source, job).order.flatMap((host) => {
    const planned = byHost.get(host);
    return planned ? [memberOf(source, job, planned)] : [];
  });
}

function memberOf({ recorded }: PlanSource, { release, hold }: Job, planned: PlannedAllocation): Member {
  const { allocation, decision } = planned;
  const { promoted } = recorded(allocation.id);
  const runs = promoted !== undefined && !promoted.stopped;
  const isDone = decision.action === "skip" || (runs && promoted.release === release);
  return {
    host: allocation.host,
    planned,
    isDone,
    runs,
    priority: decision.priority,
    isLeft: runs && !isDone && (hold === undefined || promoted.release !== hold.release),
  };
}

/** The state of the rollout at the pause that the deploy reaches. */
export function pausedRollout(
  { job }: Pick<PlannedJob, "job">,
  { open, replaces, parts, waiting }: StepPlan,
): PausedRollout {
  const previous = open?.previous ?? replaces?.previous;
  return {
    job: job.name,
    release: releaseName(job.release ?? 0),
    ...(previous === undefined ? {} : { previous: releaseName(previous) }),
    step: (parts.at(-1)?.step ?? 0) + 1,
    steps: job.rollout?.steps.length ?? 0,
    ...(open ? { startedBy: open.startedBy } : {}),
    ...(open && parts[0]?.step === open.step && parts.length === 1 ? { since: open.since } : {}),
    waiting: waiting.map(({ allocation }) => allocation.host),
  };
}
