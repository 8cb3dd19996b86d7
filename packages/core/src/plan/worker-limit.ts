import type { Job } from "../domain/workspace/job.ts";
import { compareHosts } from "../domain/workspace/worker.ts";
import { MaandError } from "../errors.ts";
import type { Run } from "../run/run.ts";
import { selectWorkers, type TypedWorkers } from "../run/select.ts";
import { isRequired, type Pending, type PlannedAllocation, type PlannedJob, pendingAmong } from "./plan-job.ts";
import { stopping } from "./stopping.ts";

/** The workers that a deploy is limited to (`--workers`, `--labels`, `--max-unreachable`). */
export interface WorkerLimit {
  /** Whether the deploy may touch a worker. */
  has(host: string): boolean;
  /** Jobs that move away from a worker that the deploy must not touch. These jobs are not started anywhere. */
  readonly moving: ReadonlySet<string>;
}

type Source = Pick<Run, "catalog" | "jobs" | "workers" | "recorded">;

/** The limit from a list of workers; undefined without a list. Throws PROBLEMS for terms that match no worker. */
export function limitTo(source: Source, typed: TypedWorkers | undefined): WorkerLimit | undefined {
  if (!typed || typed.words.length === 0) return undefined;
  const all = [...source.workers.values()].sort((a, b) => compareHosts(a.host, b.host));
  return limitToHosts(source, new Set(selectWorkers(all, typed.flag, typed.words).map(({ worker }) => worker.host)));
}

/** The limit to some hosts. */
export function limitToHosts(source: Source, hosts: ReadonlySet<string>): WorkerLimit {
  const leaving = stopping(source).filter(
    ({ allocation, stop, remove }) => stop && remove && !hosts.has(allocation.host),
  );
  return { has: (host) => hosts.has(host), moving: new Set(leaving.map(({ job }) => job.name)) };
}

/** A limit to the workers that both limits allow. */
export function narrowed(one: WorkerLimit | undefined, other: WorkerLimit | undefined): WorkerLimit | undefined {
  if (!one || !other) return one ?? other;
  return { has: (host) => one.has(host) && other.has(host), moving: new Set([...one.moving, ...other.moving]) };
}

/**
 * The plan without the allocations on workers outside the limit, and without the starts of a moving job. The omitted
 * allocations that need an action are in `left`. The remaining allocations are then rolled out as a part of the job.
 * Throws NOT_PERMITTED if allocations of a staged rollout would be omitted, because its steps choose the workers.
 */
export function withinLimit(plan: PlannedJob, limit: WorkerLimit | undefined, pending: Pending): PlannedJob {
  if (!limit) return plan;
  if (plan.settled) return { ...plan, settled: plan.settled.filter(({ host }) => limit.has(host)) };
  const isMoving = limit.moving.has(plan.job.name);
  const isWithin = ({ allocation, decision }: PlannedAllocation) =>
    limit.has(allocation.host) && !(isMoving && decision.action === "start");
  const others = plan.allocations.filter((planned) => !isWithin(planned));
  const left = others.filter(({ decision }) => decision.action !== "skip");
  if (others.length === 0) return plan;
  refuseSteps(plan);
  const allocations = plan.allocations.filter(isWithin);
  return {
    ...plan,
    allocations,
    left,
    afterPending: plan.afterPending && left.length === 0,
    healthPending: plan.healthPending && pendingAmong(allocations, pending.health).length > 0,
  };
}

function refuseSteps({ job, steps, allocations }: PlannedJob): void {
  if (!steps || steps.state === "paused" || !isRequired({ ...EMPTY, job, steps, allocations })) return;
  throw new MaandError({
    code: "NOT_PERMITTED",
    message: `${job.name} is rolled out in steps, which choose the workers themselves`,
    hint: `leave --workers out, or exclude ${job.name} with --jobs`,
  });
}

const EMPTY = { afterPending: false, healthPending: false };

/** The sentence about allocations that a deploy does not change because of its limit; undefined if there are none. */
export function leftText(
  plans: readonly { readonly job: Job; readonly left?: readonly PlannedAllocation[] }[],
): string | undefined {
  const parts = plans.flatMap(({ job, left = [] }) =>
    left.length === 0 ? [] : [`${job.name} on ${namedHosts(left.map(({ allocation }) => allocation.host))}`],
  );
  return parts.length === 0 ? undefined : `unchanged, on workers outside this deploy: ${parts.join("; ")}`;
}

/** The maximum number of hosts that a message names. Further hosts are counted. */
const NAMED = 6;

function namedHosts(hosts: readonly string[]): string {
  if (hosts.length <= NAMED) return hosts.join(", ");
  return `${hosts.slice(0, NAMED - 1).join(", ")} and ${hosts.length - NAMED + 1} more workers`;
}
