import type { RenderContext, Tree } from "../contexts.ts";
import { byPath, contentHash, treeDigest } from "../domain/digest.ts";
import { type Allocation, type Job, reachesWorker } from "../domain/job.ts";
import { changedFiles, type Decision, decide, type Target, type Wish } from "../domain/plan.ts";
import { allocationContext, type ContextSource } from "./contexts-of.ts";
import { kvReader } from "./kv-reader.ts";

/** One allocation of a plan: where it is to be brought, how, and why. */
export interface PlannedAllocation {
  readonly allocation: Allocation;
  readonly target: Target;
  readonly tree: Tree;
  readonly decision: Decision;
}

/** A job of a plan. */
export interface PlannedJob {
  readonly job: Job;
  /** Non-removed allocations, in worker order. */
  readonly allocations: readonly PlannedAllocation[];
  /** Only its `after` hooks are still to be run. */
  readonly afterPending: boolean;
}

/** Whether there is anything to do for a job. */
export function isRequired(plan: PlannedJob): boolean {
  return plan.afterPending || plan.allocations.some(({ decision }) => decision.action !== "skip");
}

/**
 * Plans one job: its tree for each allocation, the digest of that, and the decision against what is promoted. The deploy
 * and the dry run both come through here, and nothing is written (decision 7).
 */
export async function planJob(
  source: ContextSource,
  job: Job,
  wish: Wish,
  pendingAfter: ReadonlySet<string>,
): Promise<PlannedJob> {
  const bare: Tree = { files: job.files.filter((file) => reachesWorker(file.path)) };
  const digest = treeDigest(bare.files);
  const allocations: PlannedAllocation[] = [];
  for (const allocation of source.allocationsOf.get(job.name) ?? []) {
    const tree = await renderTree(source, job, allocation, bare);
    const target = { digest: tree === bare ? digest : treeDigest(tree.files), version: job.version };
    allocations.push({ allocation, target, tree, decision: decideOne(source, job, allocation, target, tree, wish) });
  }
  return { job, allocations, afterPending: pendingAfter.has(job.name) };
}

function decideOne(
  source: ContextSource,
  job: Job,
  allocation: Allocation,
  target: Target,
  tree: Tree,
  wish: Wish,
): Decision {
  const remembered = source.remembered(allocation.id);
  const changes = () => changedFiles(source.maand.store.promoted.files(remembered.promoted?.digest ?? ""), tree.files);
  return decide(allocation, job, target, remembered, changes, wish);
}

async function renderTree(source: ContextSource, job: Job, allocation: Allocation, bare: Tree): Promise<Tree> {
  const { hooks, kv, store } = source.maand;
  if (!hooks.render.isUsed()) return bare;
  const context: RenderContext = Object.freeze({
    ...allocationContext(source, job, allocation),
    sources: job.files.filter((file) => !reachesWorker(file.path)),
    read: ({ hash }: { readonly hash: string }) => store.contents.read(hash),
    kv: kvReader(kv, job, allocation.host),
  });
  const tree = await hooks.render.promise(bare, context);
  return tree === bare ? bare : { files: tree.files.map(withHash).sort(byPath) };
}

/** A rendered file's hash is always the one of its content, whatever a tap said. */
function withHash(file: Tree["files"][number]): Tree["files"][number] {
  return file.content === undefined
    ? file
    : { ...file, hash: contentHash(file.content), size: file.content.byteLength };
}
