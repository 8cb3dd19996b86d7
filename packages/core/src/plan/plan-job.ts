import { treeDigest } from "../domain/deploy/digest.ts";
import { accessGiver } from "../domain/deploy/file-access.ts";
import {
  changedFiles,
  type Decision,
  decide,
  type LifecycleOptions,
  type Occasion,
  type Target,
} from "../domain/deploy/plan.ts";
import { NO_VERSION } from "../domain/deploy/version.ts";
import { type Allocation, type Job, reachesWorker } from "../domain/workspace/job.ts";
import type { Tree } from "../plugin-api/contexts.ts";
import type { Run } from "../run/run.ts";
import type { ContextSource } from "../run/scope/contexts.ts";
import type { WhenDue } from "../store/pending-rows.ts";
import { renderTree } from "./render-tree.ts";

/** One allocation of a plan: where it is to be brought, how, and why. */
export interface PlannedAllocation {
  readonly allocation: Allocation;
  readonly target: Target;
  readonly tree: Tree;
  /** What the tree was rendered for. */
  readonly occasion: Occasion;
  readonly decision: Decision;
}

/** A job of a plan. */
export interface PlannedJob {
  readonly job: Job;
  /** Non-removed allocations, in worker order. */
  readonly allocations: readonly PlannedAllocation[];
  /** Only its `after` hooks are still to be run. */
  readonly afterPending: boolean;
  /** A run promoted it and ended before its health check: that is made before anything else. */
  readonly healthPending: boolean;
}

/** What earlier runs left to be done for jobs that are promoted. */
export interface Pending {
  /** Jobs whose `after` hooks are to be run. */
  readonly after: ReadonlySet<string>;
  /** Allocations whose job's health is to be checked. */
  readonly health: ReadonlyMap<string, WhenDue>;
}

/** Everything that earlier runs left to be done. */
export function pendingOf({ store }: Pick<Run["bucket"], "store">): Pending {
  return { after: store.pendingAfter.all(), health: store.pendingHealth.all() };
}

/** What planning needs of a run. */
export type PlanSource = ContextSource & Pick<Run, "updateSeq">;

/** Whether there is anything to do for a job. */
export function isRequired(plan: PlannedJob): boolean {
  return plan.afterPending || plan.healthPending || plan.allocations.some(({ decision }) => decision.action !== "skip");
}

/**
 * Plans one job: its tree for each allocation, the digest of that, and the decision against what is promoted. The deploy
 * and the dry run both come through here, and nothing is written.
 */
export async function planJob(
  source: PlanSource,
  job: Job,
  options: LifecycleOptions,
  pending: Pending,
): Promise<PlannedJob> {
  const giveAccess = accessGiver(job.fileRules ?? [], source.bucket.settings.secretFilesMode);
  const tree: Tree = { files: job.files.filter((file) => reachesWorker(file.path)).map(giveAccess) };
  const bare = { tree, target: { digest: treeDigest(tree.files), version: job.version } };
  const allocations: PlannedAllocation[] = [];
  for (const allocation of source.allocationsOf.get(job.name) ?? []) {
    const wanted = await wantedTree(source, job, allocation, bare);
    const decision = decideOne(source, job, allocation, wanted, options);
    allocations.push({ allocation, ...wanted, decision });
  }
  return {
    job,
    allocations,
    afterPending: pending.after.has(job.name),
    healthPending: isHealthPending(allocations, pending),
  };
}

/** A check that is due with the next batch is due now if there is none. */
function isHealthPending(allocations: readonly PlannedAllocation[], { health }: Pending): boolean {
  if (health.size === 0) return false;
  const pending = pendingAmong(allocations, health);
  const batches = allocations.some(({ decision }) => LIFECYCLE.has(decision.action));
  return (
    pending.length > 0 &&
    (!batches || pending.some(({ allocation }) => health.get(allocation.id) === "before anything else"))
  );
}

const LIFECYCLE: ReadonlySet<string> = new Set(["start", "reload", "restart"]);

/** Allocations that were promoted and whose health was not checked since; disabled ones are not checked. */
export function pendingAmong(
  allocations: readonly PlannedAllocation[],
  health: Pending["health"],
): PlannedAllocation[] {
  return allocations.filter(({ allocation }) => !allocation.disabled && health.has(allocation.id));
}

type Wanted = Pick<PlannedAllocation, "tree" | "target" | "occasion">;
type Bare = Omit<Wanted, "occasion">;

/**
 * The tree an allocation is to have. It is rendered as for the deploy that promoted it, and if that shows no change it
 * is the promoted one; otherwise it is rendered for this deploy.
 */
async function wantedTree(source: PlanSource, job: Job, allocation: Allocation, bare: Bare): Promise<Wanted> {
  const { promoted } = source.recorded(allocation.id);
  const now = { currentVersion: promoted?.version ?? NO_VERSION, updateSeq: source.updateSeq };
  if (promoted?.occasion && promoted.version === job.version) {
    // a template may fail for what is past and not for what is to come; then it shows a change
    const before = await rendered(source, job, allocation, bare, promoted.occasion).catch(() => undefined);
    if (before?.target.digest === promoted.digest) return before;
  }
  return rendered(source, job, allocation, bare, now);
}

async function rendered(
  source: PlanSource,
  job: Job,
  allocation: Allocation,
  bare: Bare,
  occasion: Occasion,
): Promise<Wanted> {
  const tree = await renderTree(source, job, allocation, bare.tree, occasion);
  if (tree === bare.tree) return { ...bare, occasion };
  return { tree, target: { digest: treeDigest(tree.files), version: job.version }, occasion };
}

function decideOne(
  source: PlanSource,
  job: Job,
  allocation: Allocation,
  { target, tree }: Wanted,
  options: LifecycleOptions,
): Decision {
  const recorded = source.recorded(allocation.id);
  const changes = () => changedFiles(source.bucket.store.promoted.files(recorded.promoted?.digest ?? ""), tree.files);
  return decide(allocation, job, target, recorded, changes, options);
}
