import { treeDigest } from "../domain/deploy/digest.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/** Records the plan before it is carried out. Only what differs from the last recorded plan is written. */
export function storePlans(run: Run, plans: readonly PlannedJob[]): void {
  if (plans.every(({ settled }) => settled)) return;
  const { store } = run.bucket;
  const before = store.promoted.planned();
  store.transaction(() => {
    for (const { job, allocations, left, steps } of plans) {
      const source = treeDigest(job.files);
      for (const { allocation, target } of [...allocations, ...(left ?? []), ...(steps?.waiting ?? [])]) {
        const known = before.get(allocation.id);
        if (known?.digest !== target.digest || known.source !== source)
          store.promoted.plan(allocation.id, { digest: target.digest, source });
      }
    }
  });
}
