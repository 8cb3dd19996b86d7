import {
  type Deployment,
  demandedJobs,
  heldTexts,
  jobReleases,
  openMaintenance,
  openRollouts,
  type RolloutView,
  type Store,
} from "@maand/core/readonly";
import type { AllocationRow, JobAnswer, RolloutRow, WorkerAnswer } from "../contract.ts";
import { unknown } from "../server/query.ts";
import type { FleetOverlay } from "./fleet-overlay.ts";
import { type FleetSnapshot, keyOf } from "./fleet-picture.ts";
import { lastChecks } from "./last-checks.ts";
import { runRows } from "./run-rows.ts";

/** The number of runs on a page. */
const RUNS = 20;

/** The sources of the job and worker pages. */
export interface PlaceSource {
  readonly store: Store;
  readonly logs: string;
  readonly fleet: FleetSnapshot;
  /** The changes by later events. */
  readonly overlay: Pick<FleetOverlay, "keyOf">;
  /** The sequence number of the stream. */
  readonly seq: number;
}

/** The page of a job. Throws 404 for an unknown job. */
export function jobAnswer(source: PlaceSource, name: string): JobAnswer {
  const { store, logs, seq } = source;
  const catalog = store.catalog.read();
  const job = [...catalog.jobs, ...catalog.removedJobs].find((one) => one.name === name);
  if (!job) throw unknown("job", name);
  const [rollout] = openRollouts(store, [name]);
  const runs = runRows(store, logs, { job: name, limit: RUNS });
  return {
    seq,
    name,
    version: job.version,
    removed: !catalog.jobs.includes(job),
    wave: job.deploymentSeq,
    selectors: job.selectors,
    demands: demandedJobs(job),
    restart_policy: job.restartPolicy,
    start_batch: job.maxConcurrentStarts,
    upgrade_batch: job.maxConcurrentUpgrades,
    ports: job.ports,
    held: heldTexts(catalog, [name])[0]?.text ?? null,
    rollout: rollout ? rolloutRow(rollout) : null,
    allocations: allocationRows(source, (one) => one.job === name),
    releases: jobReleases(store, name).map((release) => ({
      release: release.release,
      version: release.version,
      created_at: release.createdAt,
      created_by: release.createdBy,
      commit: release.commit ?? null,
      verdict: release.verdict,
      bad: release.bad ?? null,
      wanted: release.isWanted,
      held: release.hold !== undefined,
      workers: release.hosts,
    })),
    runs,
  };
}

/** The page of a worker. Throws 404 for an unknown worker. */
export function workerAnswer(source: PlaceSource, host: string): WorkerAnswer {
  const { store, logs, seq } = source;
  const { workers, removedWorkers } = store.catalog.read();
  const worker = [...workers, ...removedWorkers].find((one) => one.host === host);
  if (!worker) throw unknown("worker", host);
  const behind = store.leftBehind.all().get(host);
  const maintained = openMaintenance(store)?.workers.find((one) => one.host === host);
  return {
    seq,
    host,
    hostname: worker.hostname ?? null,
    position: worker.position,
    zone: worker.tags.zone ?? null,
    labels: worker.labels,
    tags: worker.tags,
    cpu_mhz: worker.cpuMhz,
    memory_mb: worker.memoryMb,
    removed: !workers.includes(worker),
    left_behind: behind
      ? { since: behind.since, last_at: behind.lastAt, reason: behind.reason, times: behind.times }
      : null,
    maintenance: maintained
      ? { state: maintained.state, step: maintained.phase, message: maintained.message ?? null }
      : null,
    allocations: allocationRows(source, (one) => one.host === host),
    runs: runRows(store, logs, { worker: host, limit: RUNS }),
  };
}

function allocationRows(
  { store, logs, overlay, fleet: { deployments, isBusy } }: PlaceSource,
  isWanted: (one: Deployment) => boolean,
): AllocationRow[] {
  const checks = lastChecks(store, logs);
  return deployments.filter(isWanted).map((one) => ({
    job: one.job,
    worker: one.host,
    state: overlay.keyOf(one.job, one.host) ?? keyOf(one, isBusy),
    running_version: one.promotedDigest === null ? null : one.currentVersion,
    target_version: one.removed ? null : one.newVersion,
    disabled: one.disabled,
    removed: one.removed,
    in_doubt: one.inDoubt,
    health: checks.get(`${one.job}@${one.host}`) ?? null,
  }));
}

function rolloutRow(view: RolloutView): RolloutRow {
  const { job, release, version, previous, state, step, steps, since, until, startedBy, released, waiting, text } =
    view;
  return {
    ...{ job, release, version, state, step, steps, since, released, waiting, text },
    previous: previous ?? null,
    until: until ?? null,
    started_by: startedBy,
  };
}
