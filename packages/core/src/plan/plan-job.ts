import { changedFiles } from "../domain/deploy/changed-files.ts";
import { treeDigest } from "../domain/deploy/digest.ts";
import { accessRules } from "../domain/deploy/file-access.ts";
import { type Decision, decide, type LifecycleOptions, type Occasion, type Target } from "../domain/deploy/plan.ts";
import { NO_VERSION } from "../domain/deploy/version.ts";
import { withEdits } from "../domain/deploy/with-edits.ts";
import type { OpenRollout, StepState } from "../domain/rollout/open-rollout.ts";
import type { StepPart } from "../domain/rollout/steps.ts";
import { type Allocation, type Job, reachesWorker } from "../domain/workspace/job.ts";
import type { Tree } from "../plugin-api/contexts.ts";
import { isSameForAll } from "../plugin-api/tapping/tap-by-name.ts";
import type { Run } from "../run/run.ts";
import type { ContextSource } from "../run/scope/contexts.ts";
import type { WhenDue } from "../store/pending-rows.ts";
import type { SettledJob } from "../store/settled/settled-rows.ts";
import { renderTree } from "./render-tree.ts";

/** One allocation of a plan: its target state, the action to reach it, and the reason. */
export interface PlannedAllocation {
  readonly allocation: Allocation;
  readonly target: Target;
  readonly tree: Tree;
  /** The inputs that the tree was rendered for. */
  readonly occasion: Occasion;
  readonly decision: Decision;
}

/** A job of a plan. */
export interface PlannedJob {
  readonly job: Job;
  /**
   * Non-removed allocations, in worker order; `steps` has those that a staged rollout does not reach in this deploy.
   */
  readonly allocations: readonly PlannedAllocation[];
  /** Whether its `afterJob` hooks are pending from an earlier run. */
  readonly afterPending: boolean;
  /** Whether a health check that an earlier run did not reach is due now. It then runs before anything else. */
  readonly healthPending: boolean;
  /** Allocations that need an action, on workers that the deploy must not touch. */
  readonly left?: readonly PlannedAllocation[];
  /** Set instead of `allocations` if none of the allocations needs an action and they were not planned one by one. */
  readonly settled?: readonly Allocation[];
  /** Present if the release is rolled out in steps. */
  readonly steps?: StepPlan;
}

/** The part of a staged rollout that a deploy carries out. */
export interface StepPlan {
  /** The stored rollout; undefined if it has not begun. */
  readonly open: OpenRollout | undefined;
  /** The open rollout of another release, which this one replaces. */
  readonly replaces: OpenRollout | undefined;
  readonly state: StepState;
  /** The steps of this deploy, up to the first pause; empty if only the end of the rollout remains. */
  readonly parts: readonly StepPart[];
  /** Allocations that this deploy does not change, in rollout order. */
  readonly waiting: readonly PlannedAllocation[];
}

/** Work that earlier runs left pending for promoted jobs. */
export interface Pending {
  /** Jobs with pending `afterJob` hooks. */
  readonly after: ReadonlySet<string>;
  /** Allocations with a pending health check of their job. */
  readonly health: ReadonlyMap<string, WhenDue>;
}

/** All work that earlier runs left pending. */
export function pendingOf({ store }: Pick<Run["bucket"], "store">): Pending {
  return { after: store.pendingAfter.all(), health: store.pendingHealth.all() };
}

/** The input of planning. */
export type PlanSource = ContextSource & Pick<Run, "updateSeq">;

/** Whether a job needs an action, a pending hook or a pending health check. */
export function isRequired(plan: PlannedJob): boolean {
  if (plan.steps && plan.steps.state !== "paused") return true;
  return plan.afterPending || plan.healthPending || plan.allocations.some(({ decision }) => decision.action !== "skip");
}

/**
 * Plans one job: the tree of each allocation, its digest, and the decision against the promoted version. Deploy and dry
 * run both call this. It writes nothing. `known` is the state that the store records for a settled job. If it equals
 * the target state of the job, its allocations are not read.
 */
export async function planJob(
  source: PlanSource,
  job: Job,
  options: LifecycleOptions,
  pending: Pending,
  known?: SettledJob,
): Promise<PlannedJob> {
  const placed = source.allocationsOf.get(job.name) ?? [];
  const base = await baseOf(known ? oneByOne(source) : source, job, placed);
  if (known && isAsSettled(job, base, known)) return { job, allocations: [], settled: placed, ...NOTHING_PENDING };
  const allocations: PlannedAllocation[] = [];
  for (const allocation of placed) {
    const wanted = await wantedTree(source, job, allocation, base);
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

/** The files of a job that are copied to its workers unchanged, before anything is rendered. */
export function bareTree({ bucket }: Pick<PlanSource, "bucket">, job: Job): Tree {
  const withAccess = accessRules(job.fileRules ?? [], bucket.settings.secretFilesMode);
  return { files: job.files.filter((file) => reachesWorker(file.path)).map(withAccess) };
}

/** The same source, but it reads the state of each allocation on access instead of all states at once. */
function oneByOne(source: PlanSource): PlanSource {
  const { promoted } = source.bucket.store;
  return { ...source, recorded: (id) => promoted.recordedOf([id]).get(id) ?? {} };
}

const NOTHING_PENDING = { afterPending: false, healthPending: false } as const;

/** Whether the target state of a job equals the promoted state of all its allocations. */
function isAsSettled(job: Job, { isRendered, target }: Base, known: SettledJob): boolean {
  return (
    isRendered &&
    target.digest === known.digest &&
    target.version === known.version &&
    job.release === known.release &&
    treeDigest(job.files) === known.source
  );
}

/** Whether a health check is due now. A check that is due with the next batch is due now if there is no next batch. */
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

/** Allocations that were promoted but not checked since then. Disabled allocations are not checked. */
export function pendingAmong(
  allocations: readonly PlannedAllocation[],
  health: Pending["health"],
): PlannedAllocation[] {
  return allocations.filter(({ allocation }) => !allocation.disabled && health.has(allocation.id));
}

type Wanted = Pick<PlannedAllocation, "tree" | "target" | "occasion">;

/** The input for the trees of a job's allocations. */
interface Base extends Omit<Wanted, "occasion"> {
  /** Whether this is already the final tree of every allocation, in every deploy. */
  readonly isRendered: boolean;
}

/** The files of a job, already rendered if the result is the same for all allocations. */
async function baseOf(source: PlanSource, job: Job, [first]: readonly Allocation[]): Promise<Base> {
  const bare = bareTree(source, job);
  const isRendered = isSameForAll(source.bucket.hooks.render, job);
  const occasion = { currentVersion: NO_VERSION, updateSeq: source.updateSeq };
  const tree = isRendered && first ? await renderTree(source, job, first, bare, occasion) : bare;
  return { tree, target: { digest: treeDigest(tree.files), version: job.version }, isRendered };
}

/**
 * The target tree of an allocation. The tree is first rendered as for the deploy that promoted the allocation. If that
 * shows no change, the result is the promoted tree. Otherwise, the tree is rendered as for the step that an earlier run
 * left open or, without such a step, for this deploy.
 */
async function wantedTree(source: PlanSource, job: Job, allocation: Allocation, base: Base): Promise<Wanted> {
  const { promoted, unsettled } = source.recorded(allocation.id);
  const now = { currentVersion: promoted?.version ?? NO_VERSION, updateSeq: source.updateSeq };
  if (promoted?.occasion && promoted.version === job.version) {
    if (base.isRendered && base.target.digest === promoted.digest) return wantedOf(base, promoted.occasion);
    // A template may fail with the promoted inputs and succeed with the new ones. This counts as a change.
    const before = await rendered(source, job, allocation, base, promoted.occasion).catch(() => undefined);
    if (before?.target.digest === promoted.digest) return before;
  }
  const step = unsettled?.resumable;
  if (step?.updateSeq !== undefined && step.version === job.version) {
    const begun = { ...now, updateSeq: step.updateSeq };
    const same = await rendered(source, job, allocation, base, begun).catch(() => undefined);
    if (same && same.target.digest === step.digest) return same;
  }
  return base.isRendered ? wantedOf(base, now) : rendered(source, job, allocation, base, now);
}

async function rendered(
  source: PlanSource,
  job: Job,
  allocation: Allocation,
  base: Base,
  occasion: Occasion,
): Promise<Wanted> {
  const tree = base.isRendered ? base.tree : await renderTree(source, job, allocation, base.tree, occasion);
  if (tree === base.tree) return wantedOf(base, occasion);
  return { tree, target: { digest: treeDigest(tree.files), version: job.version }, occasion };
}

function wantedOf({ tree, target }: Base, occasion: Occasion): Wanted {
  return { tree, target, occasion };
}

function decideOne(
  source: PlanSource,
  job: Job,
  allocation: Allocation,
  { target, tree }: Wanted,
  options: LifecycleOptions,
): Decision {
  if (allocation.inMaintenance) return LEFT_ALONE;
  const recorded = withEdits(source.recorded(allocation.id), options.edits?.get(allocation.id));
  const changes = () => changedFiles(source.bucket.store.promoted.files(recorded.promoted?.digest ?? ""), tree.files);
  return decide(allocation, job, target, recorded, changes, options);
}

/** A deploy does nothing on a worker in maintenance. The first deploy after maintenance applies the changes. */
const LEFT_ALONE: Decision = {
  action: "skip",
  reasons: ["its worker is in maintenance"],
  matched: [],
  files: [],
  priority: false,
};
