import { deployments, type LeftBehind, type RunRow, type Store } from "@maand/core/readonly";

/** An allocation with its state as `maand cat deployments` shows it. */
export interface StatusUnit {
  readonly job: string;
  readonly host: string;
  readonly state: string;
}

/** What is recorded about a bucket, in brief. */
export interface BucketStatus {
  /** Numbers of workers and jobs. */
  readonly workers: number;
  readonly jobs: number;
  /** Workers that deploys could not reach, the first one first. */
  readonly leftBehind: readonly LeftBehind[];
  /** Allocations that the next deploy changes. */
  readonly pending: readonly StatusUnit[];
  readonly inDoubt: readonly StatusUnit[];
  readonly unhealthy: readonly StatusUnit[];
  /** Workers whose allocations are all disabled. */
  readonly drained: readonly string[];
  /** The last run that could change workers. */
  readonly lastRun: RunRow | undefined;
}

/** States on which nothing is pending. */
const DONE: ReadonlySet<string> = new Set(["promoted", "disabled", "health_failed"]);

/** Reads the status of a bucket from its store alone. */
export function bucketStatus(store: Store): BucketStatus {
  const { workers, jobs, allocations } = store.catalog.read();
  const all = deployments(store).map(({ job, host, rollout, inDoubt }) => ({ job, host, state: rollout, inDoubt }));
  const units = (of: (unit: (typeof all)[number]) => boolean) =>
    all.filter(of).map(({ job, host, state }) => ({ job, host, state }));
  const there = allocations.filter(({ removed }) => !removed);
  const active = new Set(there.filter(({ disabled }) => !disabled).map(({ host }) => host));
  const disabled = new Set(there.filter((allocation) => allocation.disabled).map(({ host }) => host));
  return {
    workers: workers.length,
    jobs: jobs.length,
    leftBehind: [...store.leftBehind.all().values()],
    pending: units(({ state }) => !DONE.has(state)),
    inDoubt: units(({ inDoubt }) => inDoubt),
    unhealthy: units(({ state }) => state === "health_failed"),
    drained: workers.map(({ host }) => host).filter((host) => disabled.has(host) && !active.has(host)),
    lastRun: store.journal.latestRun(),
  };
}
