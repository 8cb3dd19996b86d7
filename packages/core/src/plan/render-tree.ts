import type { RunReporter } from "../bucket/bucket.ts";
import { byPath, contentHash } from "../domain/deploy/digest.ts";
import { accessRules } from "../domain/deploy/file-access.ts";
import type { Occasion } from "../domain/deploy/plan.ts";
import { type Allocation, type Job, reachesWorker } from "../domain/workspace/job.ts";
import type { RenderContext, Tree } from "../plugin-api/contexts.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { locatedRoot } from "../run/located-root.ts";
import { workerOf } from "../run/run.ts";
import { allocationContext, type ContextSource } from "../run/scope/contexts.ts";
import { kvReader } from "../run/scope/kv-reader.ts";

/** The tree of one allocation after the `render` taps; the original tree object if no tap changes it. */
export async function renderTree(
  source: ContextSource,
  job: Job,
  allocation: Allocation,
  bare: Tree,
  occasion: Occasion,
): Promise<Tree> {
  const { hooks, kv, store, settings } = source.bucket;
  if (!isTapped(hooks.render)) return bare;
  const context: RenderContext = Object.freeze({
    ...allocationContext(source, job, allocation),
    ...occasion,
    root: rootOf(source, allocation.host),
    sources: job.files.filter((file) => !reachesWorker(file.path)),
    read: ({ hash }: { readonly hash: string }) => store.contents.read(hash),
    kv: kvReader(kv, job, [allocation.host]),
  });
  const tree = await hooks.render.promise(bare, context);
  if (tree === bare) return bare;
  const withAccess = accessRules(job.fileRules ?? [], settings.secretFilesMode);
  return { files: tree.files.map((file) => withAccess(withHash(file))).sort(byPath) };
}

/**
 * The path of the bucket's directory on a worker. It is known without a connection, and does not change during a run.
 */
export function rootOf(source: ContextSource, host: string): string {
  const known = roots.get(source.reporter) ?? new Map<string, string>();
  roots.set(source.reporter, known);
  const root = known.get(host) ?? located(source, host);
  known.set(host, root);
  return root;
}

/** Roots by run and host, because all allocations on a worker have the same root. */
const roots = new WeakMap<RunReporter, Map<string, string>>();

function located(source: ContextSource, host: string): string {
  const context = Object.freeze({ ...source.reporter.context({ worker: host }), worker: workerOf(source, host) });
  return locatedRoot(source.bucket.hooks, context);
}

/** The hash of a rendered file is always the hash of its content, even if a tap returned another hash. */
function withHash(file: Tree["files"][number]): Tree["files"][number] {
  return file.content === undefined
    ? file
    : { ...file, hash: contentHash(file.content), size: file.content.byteLength };
}
