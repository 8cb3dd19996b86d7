import { treeDigest } from "../domain/digest.ts";
import type { Allocation, Job } from "../domain/job.ts";
import { reachesWorker } from "../domain/job.ts";
import { type RolloutState, rolloutState } from "../domain/rollout-state.ts";
import { NO_VERSION } from "../domain/version.ts";
import type { Store } from "../store/store.ts";

/** One row of `cat deployments` (deploy.md 7.3). */
export interface Deployment {
  readonly job: string;
  readonly host: string;
  readonly id: string;
  readonly rollout: RolloutState;
  /** Digest the allocation is to have: of its last plan, or of what is built if it was never planned. */
  readonly currentDigest: string;
  readonly promotedDigest: string | null;
  readonly currentVersion: string;
  readonly newVersion: string;
  readonly disabled: boolean;
  readonly removed: boolean;
  readonly inDoubt: boolean;
}

/** All allocations with what is promoted on each and what would change, from the store alone; by job, then worker. */
export function deployments(store: Store): Deployment[] {
  const catalog = store.catalog.read();
  const remembered = store.promoted.remembered();
  const planned = store.promoted.planned();
  const built = new Map([...catalog.removedJobs, ...catalog.jobs].map((job) => [job.name, builtTarget(job)]));
  return catalog.allocations.map((allocation): Deployment => {
    const memory = remembered.get(allocation.id) ?? {};
    const target = targetOf(allocation, built, planned);
    return {
      job: allocation.job,
      host: allocation.host,
      id: allocation.id,
      rollout: rolloutState(allocation, target, memory),
      currentDigest: target.digest,
      promotedDigest: memory.promoted?.digest ?? null,
      currentVersion: memory.promoted?.version ?? NO_VERSION,
      newVersion: target.version,
      disabled: allocation.disabled,
      removed: allocation.removed,
      inDoubt: memory.unsettled?.inDoubt ?? false,
    };
  });
}

interface BuiltTarget {
  readonly digest: string;
  readonly version: string;
  /** Whether the digest is the same for every allocation: nothing is rendered into its files. */
  readonly plain: boolean;
}

function builtTarget(job: Job): BuiltTarget {
  const plain = job.manifest.certs === undefined && job.files.every((file) => !file.path.endsWith(".tpl"));
  return { digest: treeDigest(job.files.filter((file) => reachesWorker(file.path))), version: job.version, plain };
}

function targetOf(
  { id, job }: Allocation,
  built: ReadonlyMap<string, BuiltTarget>,
  planned: ReadonlyMap<string, string>,
) {
  const target = built.get(job) ?? { digest: "", version: NO_VERSION, plain: true };
  return { version: target.version, digest: target.plain ? target.digest : (planned.get(id) ?? target.digest) };
}
