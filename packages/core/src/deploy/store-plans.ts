import { treeDigest } from "../domain/deploy/digest.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/** Records the plan before it is carried out. Writes only what differs from the last recorded plan. */
export function storePlans(run: Run, plans: readonly PlannedJob[]): void {
  if (plans.every(({ settled }) => settled)) return;
  const { store } = run.bucket;
  const before = store.promoted.planned();
  const changed = plans.flatMap(({ job, allocations, left, steps }) => {
    const source = treeDigest(job.files);
    return [...allocations, ...(left ?? []), ...(steps?.waiting ?? [])].flatMap(({ allocation: { id }, target }) => {
      const known = before.get(id);
      if (known?.digest === target.digest && known.source === source) return [];
      return [{ allocation: id, digest: target.digest, source }];
    });
  });
  if (changed.length > 0) store.promoted.planAll(changed);
}
