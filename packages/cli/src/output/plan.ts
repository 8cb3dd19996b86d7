import type { Plan, PlannedAllocation, PlannedJob } from "@maand/core";
import { diffLines } from "./diff.ts";
import type { Style } from "./style.ts";

type PlanJob = Plan["waves"][number]["jobs"][number];

/** A plan for people: per allocation what would happen and why (deploy.md 1.12). */
export function planLines(plan: Plan, style: Style): string[] {
  const lines = [`deploy dry-run: ${plan.required ? "deployment required" : "no deployment required"}`];
  if (plan.leaving.length > 0) {
    lines.push("", "first, these stop running:");
    for (const { job, allocation, stop, remove, reason } of plan.leaving) {
      const action = remove
        ? stop
          ? "stop, then remove its files (data and logs stay)"
          : "remove its files (data and logs stay)"
        : "stop";
      lines.push(`  job "${job.name}" on ${allocation.host}: ${style.warn(action)}  ${reason}`);
    }
  }
  for (const wave of plan.waves)
    lines.push(
      "",
      `deployment sequence ${wave.deploymentSeq}:`,
      ...wave.jobs.flatMap((job) => [
        ...jobLines(job, style),
        ...(plan.diffs ? diffLines(job, plan.diffs, style) : []),
      ]),
    );
  if (plan.failures.length > 0) lines.push("", "these cannot be planned:");
  for (const { job, message, hint } of plan.failures) {
    lines.push(`  job "${job}": ${style.bad(message)}`);
    if (hint !== undefined) lines.push(`    ${style.faint("hint:")} ${hint}`);
  }
  return lines;
}

function jobLines(job: PlanJob, style: Style): string[] {
  if (!job.required)
    return [
      style.faint(
        `  job "${job.job.name}": skip (${job.allocations.length === 0 ? "no allocations" : "already promoted on all allocations"})`,
      ),
    ];
  const width = Math.max(...job.allocations.map(({ allocation }) => allocation.host.length));
  return [
    `  job "${job.job.name}": deploy required`,
    ...(job.runsFirst ? ["    pre_deploy runs first and may change this"] : []),
    ...(job.afterPending ? ["    post_deploy is still to be run"] : []),
    ...job.allocations.map((planned) => allocationLine(planned, width, style)),
  ];
}

function allocationLine({ allocation, decision, target }: PlannedAllocation, width: number, style: Style): string {
  const action = decision.action.padEnd(7);
  const painted = decision.action === "skip" ? style.faint(action) : style.strong(action);
  const matched = decision.matched.length > 0 ? `; restart because of ${decision.matched.join(", ")}` : "";
  return `    ${allocation.host.padEnd(width)}  ${painted}  ${decision.reasons.join("; ")}${matched} ${style.faint(`[${target.digest.slice(0, 12)}]`)}`;
}

/** A plan for programs (cli.md). */
export function planRecord(
  plan: Plan,
  promotedDigest: (allocation: string) => string | null,
  version: (allocation: string) => string,
) {
  return {
    required: plan.required,
    waves: plan.waves.map((wave) => ({
      deployment_seq: wave.deploymentSeq,
      jobs: wave.jobs.map((job) => jobRecord(job)),
    })),
    failures: plan.failures.map(({ job, code, message, hint }) => ({ job, code, message, hint: hint ?? null })),
    leaving: plan.leaving.map(({ job, allocation, remove, reason }) => ({
      job: job.name,
      worker_ip: allocation.host,
      action: remove ? "remove" : "stop",
      reason,
    })),
  };

  function jobRecord(planned: PlannedJob & { readonly required: boolean }) {
    return {
      job: planned.job.name,
      required: planned.required,
      reason: planned.required
        ? planned.afterPending
          ? "post_deploy is still to be run"
          : "deploy required"
        : "already promoted on all allocations",
      allocations: planned.allocations.map(({ allocation, decision, target }) => ({
        worker_ip: allocation.host,
        action: decision.action,
        reason: decision.reasons.join("; "),
        previous_hash: promotedDigest(allocation.id),
        current_hash: target.digest,
        current_version: version(allocation.id),
        new_version: target.version,
        matched: decision.matched,
        files: plan.diffs?.get(allocation.id) ?? decision.files.map((file) => ({ ...file, diff: null })),
      })),
    };
  }
}
