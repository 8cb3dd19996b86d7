import {
  type Deployment,
  deployments,
  type HeldText,
  type Holder,
  heldTexts,
  type LeftBehind,
  lockHolder,
  type MaintenanceView,
  openMaintenance,
  openRollouts,
  type RolloutView,
  type RunRow,
  type Store,
} from "@maand/core/readonly";
import { type EndingCertificate, endingCertificates } from "../certificates/ending.ts";

/** An allocation with its state as `maand cat deployments` shows it. */
export interface StatusUnit {
  readonly job: string;
  readonly host: string;
  readonly state: string;
}

/** A recorded difference on a worker: a difference that was repaired several times in succession, or lost files. */
export interface RecordedDrift {
  /** Null for the metadata of the worker. */
  readonly job: string | null;
  readonly host: string;
  readonly reason: string;
}

/** A summary of the recorded state of a bucket. */
export interface BucketStatus {
  /** Numbers of workers, jobs, and allocations that were not removed. */
  readonly workers: number;
  readonly jobs: number;
  readonly allocations: number;
  /** Whether there was a build. */
  readonly isBuilt: boolean;
  /** Parts of the workspace that changed since the last build. */
  readonly unbuilt: readonly string[];
  /** Every allocation, by job and worker. */
  readonly deployments: readonly Deployment[];
  /** Workers that deploys could not reach, in the order in which they were left behind. */
  readonly leftBehind: readonly LeftBehind[];
  /** Allocations that the next deploy changes. */
  readonly pending: readonly StatusUnit[];
  readonly inDoubt: readonly StatusUnit[];
  readonly unhealthy: readonly StatusUnit[];
  /** Workers whose allocations are all disabled. */
  readonly drained: readonly string[];
  readonly drifted: readonly RecordedDrift[];
  readonly held: readonly HeldText[];
  /** Staged rollouts that are not complete. */
  readonly rollouts: readonly RolloutView[];
  readonly maintenance: MaintenanceView | undefined;
  /** Certificates that have expired or expire soon, the earliest first. */
  readonly certificates: readonly EndingCertificate[];
  /** The command that holds the lock. */
  readonly running: Holder | undefined;
  /** The last run that could change workers. */
  readonly lastRun: RunRow | undefined;
}

/** States in which nothing is pending. */
const DONE: ReadonlySet<string> = new Set(["promoted", "disabled", "health_failed"]);

/**
 * Reads the status of a bucket from its store alone. `unbuilt` contains the changes in the workspace since the last
 * build.
 */
export function bucketStatus(
  store: Store,
  { now, unbuilt }: { readonly now: Date; readonly unbuilt: readonly string[] },
): BucketStatus {
  const catalog = store.catalog.read();
  const { workers, jobs, allocations } = catalog;
  const all = deployments(store);
  const units = (of: (unit: Deployment) => boolean) =>
    all.filter(of).map(({ job, host, rollout }) => ({ job, host, state: rollout }));
  const there = allocations.filter(({ removed }) => !removed);
  const active = new Set(there.filter(({ disabled }) => !disabled).map(({ host }) => host));
  const disabled = new Set(there.filter((allocation) => allocation.disabled).map(({ host }) => host));
  return {
    workers: workers.length,
    jobs: jobs.length,
    allocations: there.length,
    isBuilt: store.bucket.built() !== undefined || workers.length + jobs.length > 0,
    unbuilt,
    deployments: all,
    leftBehind: [...store.leftBehind.all().values()],
    pending: units(({ rollout }) => !DONE.has(rollout)),
    inDoubt: units(({ inDoubt }) => inDoubt),
    unhealthy: units(({ rollout }) => rollout === "health_failed"),
    drained: workers.map(({ host }) => host).filter((host) => disabled.has(host) && !active.has(host)),
    drifted: [...repeatedRepairs(store), ...lostFiles(store, there)],
    held: heldTexts(catalog, []),
    rollouts: openRollouts(store),
    maintenance: openMaintenance(store),
    certificates: endingCertificates(store, now),
    running: lockHolder(store.holder),
    lastRun: store.journal.latestRun(),
  };
}

/** Differences that were repaired and came back unchanged. */
function repeatedRepairs(store: Store): RecordedDrift[] {
  return [...store.repairs.all()].flatMap(([host, repairs]) =>
    [...repairs]
      .filter(([, { times }]) => times > 1)
      .map(([job, { times, lastAt }]) => ({
        job: job === "" ? null : job,
        host,
        reason: `the same difference was repaired ${times} times, last on ${lastAt.slice(0, 16).replace("T", " ")} UTC`,
      })),
  );
}

/** Allocations whose files a command found missing on their worker. */
function lostFiles(
  store: Store,
  there: readonly { readonly id: string; readonly job: string; readonly host: string }[],
): RecordedDrift[] {
  const recorded = store.promoted.recorded();
  return there
    .filter(({ id }) => recorded.get(id)?.unsettled?.kind === "loss")
    .map(({ job, host }) => ({ job, host, reason: "its files were missing on the worker" }));
}
