import { plural, type Style } from "@maand/command";
import type { FileChange, Plan, PlannedAllocation } from "@maand/core/internal";
import { unbuiltText } from "@maand/core/readonly";
import { wrapped } from "../wrap.ts";
import { diffLines } from "./diff.ts";
import { rolloutCommands, stepLines } from "./step-lines.ts";

type PlanJob = Plan["waves"][number]["jobs"][number];

/** A plan as text, with the action for each allocation and the reason. Diffs are never wrapped. */
export function planLines(plan: Plan, style: Style, columns?: number, title = "deploy"): string[] {
  const { waves, stopping, undecided, failures, underWay, unbuilt, held, maintenance } = plan;
  const heading = title === "plan" ? title : `${title} dry-run`;
  if (waves.length + stopping.length + undecided.length + failures.length === 0) return [`${heading}: no jobs matched`];
  const fit = (...lines: readonly string[]) => wrapped(lines, columns);
  return [
    ...fit(`${heading}: ${headline(plan, title)}`),
    ...[...held.map(({ text }) => text), ...maintenance].flatMap((text) => fit(`${style.warn("warning:")} ${text}`)),
    ...(unbuilt.length > 0 ? fit(`${style.warn("warning:")} ${unbuiltText(unbuilt)}`) : []),
    ...(underWay ? fit(`${style.warn("warning:")} ${underWayText(underWay)}`) : []),
    ...(stopping.length > 0 ? fit("", "to stop first:", ...stoppingLines(stopping, style)) : []),
    ...waves.flatMap(({ deploymentSeq, jobs }) => [
      ...fit("", `deployment sequence ${deploymentSeq}:`),
      ...jobs.flatMap((job) => [
        ...fit(...jobLines(job, style)),
        ...(plan.diffs ? diffLines(job, plan.diffs, style) : []),
      ]),
    ]),
    ...(undecided.length > 0 ? fit("", "these need pre_deploy first:", ...undecidedLines(undecided, style)) : []),
    ...(failures.length > 0 ? fit("", "these cannot be planned:", ...failureLines(failures, style)) : []),
    ...(plan.left === undefined ? [] : fit("", plan.left)),
    ...verifiedLines(plan, style).flatMap((line) => fit(line)),
    ...(unbuilt.length > 0 ? fit("", notIncluded(unbuilt, style)) : []),
  ];
}

/** The differences that `--verify` found, apart from the files of jobs. */
function verifiedLines({ verified }: Plan, style: Style): string[] {
  const { metadata = [], failed = [], recurring = [] } = verified ?? {};
  return [
    ...(metadata.length > 0 ? [`  metadata differs and is repaired on ${metadata.join(", ")}`] : []),
    ...failed.map(({ host, message }) => `  ${style.bad("not verified")} ${host}: ${message}`),
    ...recurring.map(({ message }) => `  ${style.bad("not repaired")} ${message}`),
  ];
}

/** The last line of a plan or deploy that does not include the edits since the last build. */
export function notIncluded(parts: readonly string[], style: Style): string {
  return `${style.warn("not included:")} changes since the last build (${parts.length === 1 ? parts[0] : plural(parts.length, "part")}); ${style.strong("maand deploy --build")} includes them`;
}

function headline({ required, failures }: Plan, title: string): string {
  if (required) return title !== "rollback" ? "deployment required" : `${title} required`;
  return failures.length > 0 ? `${plural(failures.length, "job")} cannot be planned` : "no deployment required";
}

/** The warning about another command that is changing the bucket. */
function underWayText({ command, pid, since }: NonNullable<Plan["underWay"]>): string {
  return `maand ${command} (pid ${pid}, since ${since}) is running: this plan shows the current state`;
}

function undecidedLines(undecided: Plan["undecided"], style: Style): string[] {
  return [
    ...undecided.map(({ job, message }) => `  job "${job.name}": ${message}`),
    `  ${style.faint("hint:")} maand deploy runs pre_deploy first; ${style.strong("maand deploy --dry-run --with-hooks")} runs it for the plan`,
  ];
}

function failureLines(failures: Plan["failures"], style: Style): string[] {
  return failures.flatMap(({ job, message, hint }) => [
    `  job "${job}": ${style.bad(message)}`,
    ...(hint === undefined ? [] : [`    ${style.faint("hint:")} ${hint}`]),
  ]);
}

function stoppingLines(stopping: Plan["stopping"], style: Style): string[] {
  const lines = stopping.map(({ job, allocation, stop, remove, reason }) => {
    const action = stop ? (remove ? "stop and remove" : "stop") : "remove";
    return `  job "${job.name}" on ${allocation.host}: ${style.warn(action)}  ${reason}`;
  });
  const note = "  data/ and logs/ of removed allocations remain on the worker until maand gc";
  return stopping.some(({ remove }) => remove) ? [...lines, style.faint(note)] : lines;
}

function jobLines(job: PlanJob, style: Style): string[] {
  const name = `  job "${job.job.name}": `;
  const before = job.preDeploy === "none" ? [] : [`    ${PRE_DEPLOY[job.preDeploy]}`];
  if (!job.required && job.steps) return [`${name}${style.warn("paused")}`, ...stepLines(job, style)];
  if (!job.required)
    return [
      style.faint(
        `${name}skip (${job.allocations.length + (job.settled?.length ?? 0) === 0 ? "no allocations" : "already promoted on all allocations"})`,
      ),
      ...before,
    ];
  const width = Math.max(...job.allocations.map(({ allocation }) => allocation.host.length));
  const blocked = `blocked: it depends on ${job.blockedBy}, which is paused or cannot be planned`;
  return [
    `${name}${job.blockedBy === undefined ? "deploy required" : style.warn(blocked)}`,
    ...stepLines(job, style),
    ...before,
    ...pendingWords(job).map((words) => `    ${words}`),
    ...job.allocations.map((planned) => allocationLine(planned, width, style)),
  ];
}

const PRE_DEPLOY = {
  "may change this": "pre_deploy runs first and may change this",
  "was run": "pre_deploy ran for this plan; its writes were discarded",
} as const;

function allocationLine({ allocation, decision, target }: PlannedAllocation, width: number, style: Style): string {
  const action = decision.action.padEnd(7);
  const painted = decision.action === "skip" ? style.faint(action) : style.strong(action);
  const matched = decision.matched.length > 0 ? `; restart because of ${decision.matched.join(", ")}` : "";
  return `    ${allocation.host.padEnd(width)}  ${painted}  ${decision.reasons.join("; ")}${matched} ${style.faint(`[${target.digest.slice(0, 12)}]`)}`;
}

/** A plan as JSON. */
export function planRecord(
  plan: Plan,
  promotedDigest: (allocation: string) => string | null,
  version: (allocation: string) => string,
) {
  return {
    required: plan.required,
    left: plan.left ?? null,
    verified: plan.verified
      ? { metadata: plan.verified.metadata, failed: plan.verified.failed, recurring: plan.verified.recurring }
      : null,
    waves: plan.waves.map((wave) => ({
      deployment_seq: wave.deploymentSeq,
      jobs: wave.jobs.map((job) => jobRecord(job)),
    })),
    undecided: plan.undecided.map(({ job, message }) => ({ job: job.name, message })),
    unbuilt: plan.unbuilt,
    held: plan.held,
    maintenance: plan.maintenance,
    under_way: underWayRecord(plan),
    failures: plan.failures.map(({ job, code, message, hint }) => ({ job, code, message, hint: hint ?? null })),
    leaving: plan.stopping.map(({ job, allocation, remove, reason }) => ({
      job: job.name,
      worker_ip: allocation.host,
      action: remove ? "remove" : "stop",
      reason,
    })),
  };

  function jobRecord(planned: PlanJob) {
    return {
      job: planned.job.name,
      required: planned.required,
      rollout: rolloutRecord(planned),
      reason: reasonOf(planned),
      allocations: planned.allocations.map(({ allocation, decision, target }) => ({
        worker_ip: allocation.host,
        action: decision.action,
        reason: decision.reasons.join("; "),
        previous_hash: promotedDigest(allocation.id),
        current_hash: target.digest,
        current_version: version(allocation.id),
        new_version: target.version,
        matched: decision.matched,
        files: (plan.diffs?.get(allocation.id) ?? decision.files).map(fileRecord),
      })),
    };
  }
}

/** A changed file. `diff` is null without `--diff`, and `access` if neither the mode nor the owner changes. */
function fileRecord({ path, change, access, diff }: FileChange & { readonly diff?: string }) {
  return { path, change, access: access ?? null, diff: diff ?? null };
}

/** The part of a staged rollout that a deploy carries out; null for a job without a staged rollout. */
function rolloutRecord({ job, steps }: PlanJob) {
  if (!steps) return null;
  const written = job.rollout?.steps ?? [];
  return {
    state: steps.state,
    steps: steps.parts.map(({ step, hosts }) => ({ step: step + 1, size: written[step] ?? "", workers: hosts })),
    waiting: steps.waiting.map(({ allocation }) => allocation.host),
  };
}

function underWayRecord({ underWay }: Plan) {
  return underWay ? { command: underWay.command, pid: underWay.pid, since: underWay.since } : null;
}

function reasonOf(job: PlanJob): string {
  if (job.steps?.state === "paused") return `its rollout is paused; ${rolloutCommands(job.job.name)}`;
  if (!job.required) return "already promoted on all allocations";
  if (job.blockedBy !== undefined) return `blocked by ${job.blockedBy}, which is paused or cannot be planned`;
  const pending = pendingWords(job);
  return pending.length > 0 ? pending.join("; ") : "deploy required";
}

/** Steps of a promoted job that earlier runs did not finish. */
function pendingWords({ healthPending, afterPending }: PlanJob): string[] {
  return [...(healthPending ? [HEALTH_UNCHECKED] : []), ...(afterPending ? ["post_deploy has not run yet"] : [])];
}

/** The text for a job that a run promoted without checking its health. */
export const HEALTH_UNCHECKED = "its health was not checked: the last run ended before the check";
