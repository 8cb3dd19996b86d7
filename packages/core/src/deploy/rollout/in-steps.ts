import { releaseName } from "../../domain/release/release.ts";
import { type OpenRollout, remainingMs } from "../../domain/rollout/open-rollout.ts";
import { parseStep, type StepPart } from "../../domain/rollout/steps.ts";
import type { PlannedAllocation, PlannedJob, StepPlan } from "../../plan/plan-job.ts";
import { userName } from "../../workspace/authorship.ts";
import { noteRest } from "../note-allocations.ts";
import { type JobRollout, partOf } from "./job-rollout.ts";
import { previousRelease } from "./run-round.ts";
import { soak, waitFor } from "./soak.ts";

/** The actions of a staged rollout. */
export interface StepActions {
  /** Syncs the files of a part. Allocations that wait for a later step keep their current files. */
  stage(plan: PlannedJob): Promise<void>;
  /** Rolls out a part: commands, promotion, health checks. */
  runPart(part: JobRollout): Promise<void>;
}

/** The plan of a job without the allocations of its steps. Their files are synced when their step begins. */
export function besideSteps(plan: PlannedJob): PlannedJob {
  return plan.steps ? { ...plan, allocations: beside(plan, plan.steps) } : plan;
}

/**
 * Carries out the steps of a deploy. It records the position of the rollout before each step, so that another run can
 * continue there. Returns whether the rollout is complete. It is incomplete at a pause, or after a failure that does
 * not throw.
 */
export async function runSteps(
  rollout: JobRollout,
  steps: StepPlan,
  { stage, runPart }: StepActions,
): Promise<boolean> {
  const { run, job, plan } = rollout;
  const open = opened(rollout, steps);
  const unreached = new Set(steps.parts.flatMap(({ hosts }) => hosts));
  const isPart = () => steps.waiting.length + unreached.size > 0;
  await runPart(partOf(rollout, beside(plan, steps), { isPart: isPart() }));
  for (const { step, hosts } of steps.parts) {
    if (run.ledger.failed(job.name)) break;
    if (run.bucket.store.rollouts.find(job.name)?.step !== step)
      run.bucket.store.rollouts.moveTo(job.name, step, run.at());
    const kind = parseStep(job.rollout?.steps[step] ?? "");
    if (kind?.kind === "pause") {
      pause(rollout, steps, { open, step });
      return false;
    }
    if (kind?.kind === "wait") await wait(rollout, step, kind.ms);
    else {
      const inStep = new Set(hosts);
      for (const host of inStep) unreached.delete(host);
      const allocations = plan.allocations.filter(({ allocation }) => inStep.has(allocation.host));
      reportStep(rollout, { step, hosts });
      await stage({ ...plan, allocations });
      const part = partOf(rollout, allocations, { isPart: isPart() });
      await runPart(part);
      if (!run.ledger.failed(job.name))
        await soak(hosts.length > 0 ? part : { ...part, plan: besideSteps(plan) }, step);
    }
    if (!run.ledger.failed(job.name)) run.bucket.store.rollouts.moveTo(job.name, step + 1, run.at());
  }
  noteRest(run, plan);
  return !run.ledger.failed(job.name);
}

function beside({ allocations }: PlannedJob, { parts }: StepPlan): PlannedAllocation[] {
  const hosts = new Set(parts.flatMap((part) => part.hosts));
  return allocations.filter(({ allocation }) => allocation.disabled || !hosts.has(allocation.host));
}

/** The stored rollout. Stores it if it is new. */
function opened(rollout: JobRollout, { open, replaces }: StepPlan): Pick<OpenRollout, "previous" | "since"> {
  if (open) return open;
  const { run, job } = rollout;
  if (replaces) warnReplaced(rollout, replaces);
  const previous = replaces?.previous ?? previousRelease(rollout);
  const at = run.at();
  const begun = { job: job.name, release: job.release ?? 0, previous, startedAt: at, startedBy: userName() };
  run.bucket.store.rollouts.open(begun);
  return { previous, since: at };
}

/** Warns that an open rollout ends, because another release is rolled out instead. */
export function warnReplaced({ run, job }: Pick<JobRollout, "run" | "job">, { release, step }: OpenRollout): void {
  run.ledger.warn(
    `${releaseName(job.release ?? 0)} of ${job.name} replaces ${releaseName(release)}, whose rollout was at step ${step + 1}`,
  );
}

interface Pause {
  readonly open: Pick<OpenRollout, "previous">;
  readonly step: number;
}

function pause({ run, job }: JobRollout, { waiting }: StepPlan, { open, step }: Pause): void {
  const { since = run.at(), startedBy = userName() } = run.bucket.store.rollouts.find(job.name) ?? {};
  const paused = {
    job: job.name,
    release: releaseName(job.release ?? 0),
    step: step + 1,
    steps: job.rollout?.steps.length ?? 0,
    waiting: waiting.map(({ allocation }) => allocation.host),
  };
  const previous = open.previous === undefined ? undefined : releaseName(open.previous);
  run.ledger.pause({ ...paused, since, startedBy, ...(previous === undefined ? {} : { previous }) });
  run.reporter.emit("rollout.paused", { ...paused, previous: previous ?? null, since });
}

/** Waits until the end of a timed wait. The end is stored, so that another run waits only for the remaining time. */
async function wait({ run, job }: JobRollout, step: number, ms: number): Promise<void> {
  const { rollouts } = run.bucket.store;
  const now = run.bucket.now();
  const until = rollouts.find(job.name)?.until ?? new Date(now.getTime() + ms).toISOString();
  rollouts.waitUntil(job.name, until);
  const remaining_ms = remainingMs(until, now, ms);
  const steps = job.rollout?.steps.length ?? 0;
  run.reporter.emit("rollout.waiting", { job: job.name, step: step + 1, steps, until, remaining_ms });
  await waitFor(remaining_ms, run.bucket.signal);
}

function reportStep({ run, job }: JobRollout, { step, hosts }: StepPart): void {
  const { steps = [] } = job.rollout ?? {};
  run.reporter.emit("rollout.step", {
    job: job.name,
    release: releaseName(job.release ?? 0),
    step: step + 1,
    steps: steps.length,
    size: steps[step] ?? "",
    workers: hosts,
  });
}
