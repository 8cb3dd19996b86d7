import { type DeployReason, deployReason } from "../../domain/deploy/deploy-reason.ts";
import { NO_VERSION } from "../../domain/deploy/version.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { ActionStep } from "../../plugin-api/action-step.ts";
import type { AllocationContext, JobContext } from "../../plugin-api/base-contexts.ts";
import type { ActionContext, ActionKind } from "../../plugin-api/contexts.ts";
import type { Remote } from "../../remote/remote.ts";
import { atDelivery } from "../delivered-root.ts";
import { type Run, workerOf } from "../run.ts";
import { onceFor } from "./once.ts";

/** The input of contexts. It also exists when a plan is made without a run. */
export type ContextSource = Pick<Run, "reporter" | "bucket" | "workers" | "allocationsOf" | "recorded" | "cause">;

/** The input of actions on behalf of allocations: a run, or a command that has no run. */
export type ScopeSource = ContextSource &
  Pick<Run, "catalog" | "jobs" | "allocationsOn" | "connections" | "tmp" | "budget"> &
  Partial<Pick<Run, "number">>;

/** Context of a job. */
export function jobContext(run: Pick<ContextSource, "reporter" | "allocationsOf">, job: Job): JobContext {
  return Object.freeze({
    ...run.reporter.context({ job: job.name }),
    job,
    allocations: run.allocationsOf.get(job.name) ?? [],
  });
}

/** Context of one allocation. */
export function allocationContext(run: ContextSource, job: Job, allocation: Allocation): AllocationContext {
  return Object.freeze({
    ...run.reporter.context({ job: job.name, worker: allocation.host }),
    job,
    allocations: run.allocationsOf.get(job.name) ?? [],
    allocation,
    worker: workerOf(run, allocation.host),
    currentVersion: run.recorded(allocation.id).promoted?.version ?? NO_VERSION,
    newVersion: newVersionOf(run, job, allocation),
    deployReason: reasonOf(run, job, allocation),
  });
}

/**
 * The version that a command acts on: by default, the version of the job. For a manual command, it is the running
 * version if a staged rollout has not reached the allocation. During maintenance, it is always the version that ran
 * before. Neither kind of command may start a release that is not approved.
 */
function newVersionOf(run: ContextSource, job: Job, allocation: Allocation): string {
  const reason = reasonOf(run, job, allocation);
  if (reason === "maintenance") return run.recorded(allocation.id).promoted?.version ?? job.version;
  if (!job.rollout || reason !== "manual") return job.version;
  const { promoted } = run.recorded(allocation.id);
  const open = run.bucket.store.rollouts.find(job.name);
  return promoted && open?.release === job.release && promoted.release !== job.release ? promoted.version : job.version;
}

/** Why the run changes an allocation; `manual` for commands other than a deploy. */
export function reasonOf({ cause, reporter, recorded }: ContextSource, job: Job, allocation: Allocation): DeployReason {
  if (cause) return cause;
  if (MAINTAINS.has(reporter.command)) return "maintenance";
  return DEPLOYS.has(reporter.command) ? deployReason(job, allocation, recorded(allocation.id)) : "manual";
}

const MAINTAINS: ReadonlySet<string> = new Set(["maintain", "maintain resume", "maintain abort"]);

const DEPLOYS: ReadonlySet<string> = new Set(["deploy", "rollout resume", "deploy --dry-run", "rollback --dry-run"]);

/** The complete input of a lifecycle command of one allocation, except the command itself. */
export function lifecycleContext(
  run: ContextSource,
  job: Job,
  allocation: Allocation,
  remote: Remote,
  step?: ActionStep,
): Omit<ActionContext, "action"> {
  const context = allocationContext(run, job, allocation);
  const placed = atDelivery(run.bucket, remote);
  const { commandMs } = run.bucket.settings.timeouts;
  const given = {
    ...context,
    ...(step === undefined ? {} : { step }),
    remote: placed,
    directory: `${placed.root}/jobs/${job.name}`,
    timeoutMs: job.timeoutSeconds === undefined ? commandMs : job.timeoutSeconds * 1000,
    env: {
      CURRENT_VERSION: context.currentVersion,
      NEW_VERSION: context.newVersion,
      DEPLOY_REASON: context.deployReason,
      JOB: job.name,
      WORKER_IP: allocation.host,
      ALLOCATION_ID: allocation.id,
      ALLOCATION_INDEX: String(allocation.index),
      BUCKET_ID: run.bucket.bucketId,
    },
  };
  return { ...given, once: onceFor(run.bucket, given) };
}

/** Context of one action. */
export function actionContext(
  run: ContextSource,
  job: Job,
  allocation: Allocation,
  remote: Remote,
  { kind, step }: { readonly kind: ActionKind; readonly step?: ActionStep | undefined },
): ActionContext {
  return Object.freeze({ ...lifecycleContext(run, job, allocation, remote, step), action: { kind } });
}
