import { budgetOf } from "../domain/budget/budget.ts";
import { error } from "../domain/checks/problem.ts";
import { problemsError } from "../errors.ts";
import type { Run } from "../run/run.ts";
import { unitOf } from "./admit.ts";

/** Refuses a maintenance that the budget of a job can never allow, before anything is stopped. */
export function refuseImpossible(run: Run, hosts: readonly string[], ignoreBudget: boolean): void {
  if (ignoreBudget) return;
  const names = new Set(hosts.flatMap((host) => unitOf(run, host).jobs));
  const problems = [...names].flatMap((name) => {
    const job = run.jobs.get(name);
    if (!job || budgetOf(job, run.allocationsOf.get(name)?.length ?? 0).size > 0) return [];
    const hint = `raise max_unavailable of ${name}, or use --ignore-budget`;
    return [error("impossible_budget", `job ${name}`, "may have nothing away, so its workers can never be drained", hint)];
  });
  if (problems.length > 0) throw problemsError(problems);
}
