import { outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { type CommandEnd, withEnd } from "../bucket/run-to-end.ts";
import type { ResumableStep } from "../domain/deploy/plan.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { isMaandError } from "../errors.ts";
import type { ActionStep } from "../plugin-api/action-step.ts";
import type { ActionContext, ActionKind } from "../plugin-api/contexts.ts";
import { noHandler } from "../run/no-handler.ts";
import { type Run, workerOf } from "../run/run.ts";
import { actionContext } from "../run/scope/contexts.ts";

/** An allocation, the action to run on it, and the action's journal row. */
export interface Step {
  readonly job: Job;
  readonly allocation: Allocation;
  readonly kind: ActionKind;
  readonly row: number;
  /** Absent for an action that is safe to repeat. */
  readonly step?: ActionStep;
}

/** An action to run on an allocation; `digest` identifies the tree that the action runs with. */
export interface IntendedAction {
  readonly allocation: Allocation;
  readonly kind: ActionKind;
  readonly digest?: string;
  readonly updateSeq?: number;
  /** The step of an earlier run that the action continues. */
  readonly continues?: ResumableStep | undefined;
}

/** Records, in one transaction, the actions that are about to run on allocations of a job. */
export function recordIntents(run: Run, job: Job, actions: readonly IntendedAction[]): Step[] {
  const { journal } = run.bucket.store;
  const steps = actions.map((action) => (action.kind === "remove" ? undefined : stepOf(run, action)));
  const intents = actions.map(({ allocation, kind, digest, updateSeq }, at) => ({
    allocation: allocation.id,
    kind,
    version: job.version,
    ...(digest === undefined ? {} : { digest }),
    ...(updateSeq === undefined ? {} : { updateSeq }),
    ...(steps[at] === undefined ? {} : { receipt: steps[at].id }),
  }));
  const rows = journal.intend(run.number, intents, run.at());
  return actions.map(({ allocation, kind }, at) => ({
    ...{ job, allocation, kind, row: rows[at] ?? 0 },
    ...(steps[at] === undefined ? {} : { step: steps[at] }),
  }));
}

/**
 * An action that continues a step of an earlier run keeps the name of that step. The name of a new step is unique
 * across buckets, runs and attempts.
 */
function stepOf(run: Run, { allocation, kind, continues }: IntendedAction): ActionStep {
  const { bucket, reporter, number, settlements } = run;
  const { journal } = bucket.store;
  const attempt = journal.attempts(number, allocation.id, kind) + 1;
  const id = continues?.receipt ?? [bucket.bucketId, reporter.id, allocation.id, kind, attempt].join(".");
  return Object.freeze({
    id,
    resumes: continues?.run ?? null,
    replaces: journal.openReceipts(allocation.id).filter((other) => other !== id),
    onSettled: (forget: () => Promise<void>) => settlements.add(allocation.id, forget),
  });
}

/** Errors that do not make the action fail. */
export interface Tolerance {
  /** Whether NOT_DELIVERED is tolerated: the worker has no files of the job. */
  readonly mayBeAbsent?: boolean;
}

/**
 * Runs one action on its worker, through the plugin that handles `hook`, and records the result. Throws on failure. An
 * interruption before the action starts is not recorded. An interruption that ends the action leaves it in doubt.
 */
export async function runAction(
  run: Run,
  step: Step,
  hook: "rollout" | "reconcile",
  { mayBeAbsent = false }: Tolerance = {},
): Promise<void> {
  let hasBegun = false;
  const work = async () => {
    const context = await actionContextOf(run, step);
    stopIfInterrupted(run.bucket.signal);
    hasBegun = true;
    await callHook(run, hook, context);
  };
  const tolerant = () =>
    work().catch((cause: unknown) => {
      if (!mayBeAbsent || !isMaandError(cause) || cause.code !== "NOT_DELIVERED") throw cause;
    });
  try {
    await withEnd(run.bucket.now, tolerant, (end) => recordResult(run, step, end));
  } catch (cause) {
    if (!hasBegun && outcomeOf(cause) === "interrupted") run.bucket.store.journal.withdraw([step.row]);
    throw cause;
  }
}

/** The input of the action, available once its worker is reachable. */
async function actionContextOf(run: Run, { job, allocation, kind, step }: Step): Promise<ActionContext> {
  const { bucket, connections } = run;
  stopIfInterrupted(bucket.signal);
  const remote = await connections.ready(workerOf(run, allocation.host));
  return actionContext(run, job, allocation, remote, { kind, step });
}

async function callHook(
  { bucket, reporter }: Run,
  hook: "rollout" | "reconcile",
  context: ActionContext,
): Promise<void> {
  const { job, allocation, action, remote } = context;
  reporter.emit("action.started", {
    job: job.name,
    worker: allocation.host,
    action: action.kind,
    current_version: context.currentVersion,
    new_version: context.newVersion,
    resumes: context.step?.resumes ?? null,
  });
  if ((await bucket.hooks[hook].promise(context)) === "done") return;
  const wanted = `${action.kind} of ${job.name}`;
  throw noHandler(bucket.absent, { hook, transport: remote.transport, host: allocation.host, wanted });
}

function recordResult(run: Run, { job, allocation, kind, row }: Step, end: CommandEnd): void {
  const { journal, deliveries } = run.bucket.store;
  journal.conclude(row, end.outcome, run.at());
  if (end.outcome === "failed" || end.outcome === "timed_out") run.settlements.fail(allocation.id);
  if (end.outcome !== "ok" && end.outcome !== "interrupted") deliveries.distrust(allocation.host);
  run.reporter.emit("action.finished", { job: job.name, worker: allocation.host, action: kind, ...end });
}
