import * as core from "@maand/core/internal";
import { defaults } from "../../../packages/cli/src/defaults.ts";

const OPTIONS = { jobs: [], force: false, syncOnly: false } as const;

/** Records every allocation of a built bucket as promoted, as a deploy would, but without workers. */
export async function promoteAll(root: string): Promise<void> {
  const bucket = await core.openBucket({
    from: root,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults,
    modules: {},
  });
  const { waves } = await core.planDeploy(bucket, OPTIONS);
  const { promoted } = bucket.store;
  bucket.store.transaction(() => {
    for (const { allocation, target, tree, occasion } of waves.flatMap((wave) =>
      wave.jobs.flatMap((job) => job.allocations),
    )) {
      promoted.unstage(allocation.id);
      promoted.promote(allocation.id, target, tree.files, { stopped: false, occasion });
      promoted.stage(allocation.id, target.digest);
    }
  });
  await bucket.close();
}
