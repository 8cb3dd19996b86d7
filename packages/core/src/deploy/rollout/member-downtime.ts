import type { PlannedAllocation } from "../../plan/plan-job.ts";
import { type RefusedUnit, reportRefused, settle } from "../../run/budget/arbiter.ts";
import { type BatchRequest, type NextBatch, nextBatch, type RefusedMember } from "../../run/budget/next-batch.ts";
import type { JobRollout } from "./job-rollout.ts";

/** Actions that take an allocation down. */
const TAKES_DOWN: ReadonlySet<string> = new Set(["reload", "restart"]);

/** Chooses what a rollout may change next. A batch that is due but may not go down yet waits for other batches. */
export function nextMembers(
  rollout: JobRollout,
  batches: readonly (readonly PlannedAllocation[])[],
): Promise<NextBatch<PlannedAllocation>> {
  const { run, job } = rollout;
  for (const { host } of run.allocationsOf.get(job.name) ?? [])
    if (run.ledger.outcomeOf(job.name, host) === "unreachable") run.budget.saw(job.name, host, "unreachable");
  const by = `maand ${run.reporter.command}`;
  const record = job.maxUnavailable === undefined ? {} : { recordAs: "restart" as const };
  const batchRequest: BatchRequest<PlannedAllocation> = {
    request: { kind: "restart", by, ...record },
    unitOf: ({ allocation, decision }) =>
      TAKES_DOWN.has(decision.action) ? { host: allocation.host, jobs: [job.name] } : undefined,
  };
  return nextBatch(run, batches, batchRequest);
}

/** Records the allocations that may not go down, and returns the error that ends the rollout. */
export function refuseMembers(
  { run, job }: JobRollout,
  refused: readonly RefusedMember<PlannedAllocation>[],
): RefusedUnit["error"] | undefined {
  for (const { member, error } of refused)
    run.ledger.fail(job.name, member.allocation.host, member.decision.action, error);
  const unit = ({ allocation }: PlannedAllocation) => ({ host: allocation.host, jobs: [job.name] });
  reportRefused(
    run,
    refused.map(({ member, error }) => ({ unit: unit(member), error })),
  );
  return refused[0]?.error;
}

/** Settles the downtime of a batch after its promotion and, if it has one, its health check. */
export function settleMembers({ run, job }: JobRollout, members: readonly PlannedAllocation[]): void {
  if (job.maxUnavailable === undefined) return;
  const down = members.filter(({ allocation }) => run.budget.down(job.name).has(allocation.host));
  if (down.length > 0)
    settle(
      run,
      [...down].map(({ allocation }) => ({ host: allocation.host, jobs: [job.name] })),
    );
}
