import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import { isTapped } from "../../plugin-api/hooks.ts";
import type { Run } from "../../run/run.ts";
import type { HealthDue } from "../../store/pending-rows.ts";
import { keepContents } from "./keep-contents.ts";

/**
 * Records that these allocations now run what was planned, as one transaction that also closes their journal rows. Should
 * this run die before the job's health was asked, the next one asks it, `due` then.
 */
export function promoteAll(run: Run, job: Job, members: readonly PlannedAllocation[], due: HealthDue): void {
  const { store, hooks } = run.bucket;
  const checked = isTapped(hooks.verify, job);
  store.transaction(() => {
    for (const member of members) {
      promote(run, job, member, member.decision.action);
      if (checked) store.pendingHealth.set(member.allocation.id, due);
    }
  });
}

/** Records one allocation. A promotion without lifecycle does not close lifecycle rows: it says nothing about the process. */
export function promote(
  run: Run,
  job: Job,
  { allocation, target, tree, occasion }: PlannedAllocation,
  action: string,
): void {
  const { store, kv } = run.bucket;
  const before = run.recorded(allocation.id).promoted;
  store.transaction(() => {
    store.promoted.promote(allocation.id, target, tree.files, { stopped: allocation.disabled, occasion });
    keepContents(run.bucket, job, allocation.host, tree.files);
    kv.put(NAMESPACE.allocation(job.name, allocation.host), "version", target.version);
    if (action === "sync") {
      if (before?.healthFailed) store.promoted.markHealth(allocation.id, true);
    } else store.journal.settle(allocation.id);
  });
  run.ledger.note(job.name, allocation.host, action, "ok", true);
}
