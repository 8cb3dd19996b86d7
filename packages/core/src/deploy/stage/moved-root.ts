import { MaandError } from "../../errors.ts";
import { rootOf } from "../../plan/render-tree.ts";
import type { Remote } from "../../remote/remote.ts";
import { deliveredRoot, deliveredRoots } from "../../run/delivered-root.ts";
import type { Run } from "../../run/run.ts";

/** How to move a bucket's directory on a worker. */
const HINT =
  "restore worker_root in maand.conf; or, to move, disable the worker, deploy, move the directory on it, then set worker_root, enable it and deploy";

/**
 * Refuses to sync files to a new directory on a worker while a job might still run from the old directory. Otherwise,
 * the job would be started a second time, without its data. Throws OUT_OF_SYNC.
 */
export function refuseMoved(run: Run, { host, root }: Pick<Remote, "host" | "root">): void {
  const before = deliveredRoot(run.bucket, host);
  if (before === undefined || before === root || !mayRun(run, host)) return;
  throw new MaandError({ code: "OUT_OF_SYNC", message: movedText(host, before, root), hint: HINT, worker: host });
}

/** Returns a warning for each worker where a job may still run from a directory other than the one in the settings. */
export function movedWarnings(run: Run): string[] {
  const roots = deliveredRoots(run.bucket);
  return run.catalog.workers.flatMap(({ host }) => {
    const before = roots.get(host);
    if (before === undefined) return [];
    const now = rootOf(run, host);
    if (before === now || !mayRun(run, host)) return [];
    return [`${movedText(host, before, now)}: ${HINT}`];
  });
}

function movedText(host: string, before: string, now: string): string {
  return `the files on ${host} are in ${before}, but worker_root is now ${now}; running jobs stay there`;
}

function mayRun(run: Run, host: string): boolean {
  return run.catalog.allocations.some((allocation) => {
    if (allocation.host !== host) return false;
    const { promoted, unsettled } = run.recorded(allocation.id);
    return (promoted !== undefined && !promoted.stopped) || unsettled !== undefined;
  });
}
