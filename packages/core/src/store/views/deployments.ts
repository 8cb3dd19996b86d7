import { treeDigest } from "../../domain/deploy/digest.ts";
import type { Unsettled } from "../../domain/deploy/plan.ts";
import { type RolloutState, rolloutState } from "../../domain/deploy/rollout-state.ts";
import { NO_VERSION } from "../../domain/deploy/version.ts";
import { isAtGate, type OpenRollout } from "../../domain/rollout/open-rollout.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { reachesWorker } from "../../domain/workspace/job.ts";
import type { Planned } from "../promoted-rows.ts";
import type { Store } from "../store.ts";

/** One row of `cat deployments`. */
export interface Deployment {
  readonly job: string;
  readonly host: string;
  readonly id: string;
  readonly rollout: RolloutState;
  /** Target digest of the allocation, from its last plan; null if a build has changed the job's files since. */
  readonly currentDigest: string | null;
  readonly promotedDigest: string | null;
  readonly currentVersion: string;
  readonly newVersion: string;
  readonly disabled: boolean;
  readonly removed: boolean;
  readonly inDoubt: boolean;
  /** Whether its last command failed and none has succeeded since then. */
  readonly failed: boolean;
  /** The number of the held release, which deploys skip; null if there is none. */
  readonly held: number | null;
  /** The step that the open rollout of its job is at: `2 of 5`; null if there is none. */
  readonly step: string | null;
}

/**
 * All allocations with their promoted version and pending change, from the store alone, sorted by job and then by
 * worker.
 */
export function deployments(store: Store): Deployment[] {
  const catalog = store.catalog.read();
  const recorded = store.promoted.recorded();
  const planned = store.promoted.planned();
  const built = new Map([...catalog.removedJobs, ...catalog.jobs].map((job) => [job.name, builtTarget(job)]));
  const jobs = new Map(catalog.jobs.map((job) => [job.name, job]));
  const inMaintenance = store.maintenance.hosts();
  const open = new Map(store.rollouts.all().map((rollout) => [rollout.job, rollout]));
  return catalog.allocations.map((allocation): Deployment => {
    const state = recorded.get(allocation.id) ?? {};
    const job = jobs.get(allocation.job);
    const rollout = open.get(allocation.job);
    const isPaused = job !== undefined && isAtGate(job, rollout) && state.promoted?.release !== job.release;
    const target = targetOf(built.get(allocation.job), planned.get(allocation.id));
    return {
      job: allocation.job,
      host: allocation.host,
      id: allocation.id,
      rollout: rolloutState(
        inMaintenance.has(allocation.host) ? { ...allocation, inMaintenance: true } : allocation,
        target,
        state,
        isPaused,
      ),
      currentDigest: target.isPlanned || target.digest === state.promoted?.digest ? target.digest : null,
      promotedDigest: state.promoted?.digest ?? null,
      currentVersion: state.promoted?.version ?? NO_VERSION,
      newVersion: target.version,
      disabled: allocation.disabled,
      removed: allocation.removed,
      inDoubt: state.unsettled?.inDoubt ?? false,
      failed: hasFailed(state.unsettled),
      held: job?.hold?.release ?? null,
      step: stepOf(job, rollout),
    };
  });
}

function hasFailed(unsettled: Unsettled | undefined): boolean {
  return unsettled !== undefined && unsettled.kind !== "loss" && !unsettled.inDoubt && unsettled.wentWell !== true;
}

function stepOf(job: Job | undefined, rollout: OpenRollout | undefined): string | null {
  if (!rollout || !job || job.release !== rollout.release) return null;
  return `${rollout.step + 1} of ${job.rollout?.steps.length ?? 0}`;
}

/** The built state of a job: its version, its unrendered files for the workers, and all its files. */
interface BuiltTarget {
  readonly version: string;
  readonly bare: string;
  readonly source: string;
}

function builtTarget({ version, files }: Job): BuiltTarget {
  return { version, bare: treeDigest(files.filter((file) => reachesWorker(file.path))), source: treeDigest(files) };
}

/**
 * The target of an allocation. A plan is valid until a build changes the job's files. After that, the target is the
 * digest of the unrendered files. It shows whether the files differ, but is not the final digest.
 */
function targetOf(built: BuiltTarget | undefined, planned: Planned | undefined) {
  if (!built) return { version: NO_VERSION, digest: planned?.digest ?? "", isPlanned: planned !== undefined };
  const isPlanned = planned?.source === built.source;
  return { version: built.version, digest: isPlanned ? planned.digest : built.bare, isPlanned };
}
