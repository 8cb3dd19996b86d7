import { error, type Problem } from "@maand/core";
import { type Bucket, planDeploy, problemsError } from "@maand/core/internal";
import type { Assessed } from "./compare/assess.ts";

/**
 * Plans a deploy on the new store, as `maand deploy --dry-run` does, and compares it with the actions that were pending
 * before the import. Throws PROBLEMS if the deploy would change anything else.
 */
export async function verify(bucket: Bucket, assessed: readonly Assessed[]): Promise<void> {
  const plan = await planDeploy(bucket, { jobs: [], force: false, syncOnly: false });
  const expected = new Map(assessed.map((one) => [one.allocation.id, one.pending.length > 0]));
  const problems: Problem[] = plan.failures.map(({ job, message }) => failed(job, message));
  for (const { job, message } of plan.undecided) problems.push(failed(job.name, message));
  const planned = [
    ...plan.waves
      .flatMap(({ jobs }) => jobs.flatMap(({ allocations }) => allocations))
      .map(({ allocation, decision }) => ({
        allocation,
        action: decision.action as string,
        reasons: decision.reasons,
      })),
    ...plan.stopping.map(({ allocation, reason }) => ({ allocation, action: "stop", reasons: [reason] })),
  ];
  for (const { allocation, action, reasons } of planned) {
    const isExpected = expected.get(allocation.id) === true;
    if ((action === "skip") !== isExpected || (isExpected && allocation.disabled)) continue;
    const where = `${allocation.job} on ${allocation.host}`;
    const message = isExpected
      ? "is pending, but the plan does not include it"
      : `the plan is to ${action} it: ${reasons.join("; ")}`;
    problems.push(error("import_differs", where, message));
  }
  if (problems.length > 0)
    throw problemsError(problems, "the new store was discarded: its dry run has unexpected results");
}

function failed(job: string, message: string): Problem {
  return error("import_differs", `job ${job}`, `it cannot be planned: ${message}`);
}
