import { asMaandError, outcomeOf, stopIfInterrupted } from "../../bucket/outcome.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { isMaandError } from "../../errors.ts";
import type { ActionKind } from "../../plugin-api/contexts.ts";
import { noHandler } from "../../run/no-handler.ts";
import { type Run, workerOf } from "../../run/run.ts";
import { actionContext } from "../../run/scope/contexts.ts";

/** An allocation, what is to be done to it, and its row in the journal. */
export interface Step {
  readonly job: Job;
  readonly allocation: Allocation;
  readonly kind: ActionKind;
  readonly row: number;
}

/** Writes what is about to happen to some allocations, all at once, before any of it begins (decision 8). */
export function intend(
  run: Run,
  job: Job,
  wanted: readonly { readonly allocation: Allocation; readonly kind: ActionKind; readonly digest?: string }[],
): Step[] {
  const intents = wanted.map(({ allocation, kind, digest }) => ({
    allocation: allocation.id,
    kind,
    version: job.version,
    ...(digest === undefined ? {} : { digest }),
  }));
  const rows = run.bucket.store.journal.intend(run.number, intents, run.at());
  return wanted.map(({ allocation, kind }, at) => ({ job, allocation, kind, row: rows[at] ?? 0 }));
}

/**
 * Does one action on its worker, through the plugin that answers `hook`, and writes its outcome. Throws what went wrong.
 * With `mayBeAbsent` it is no failure that nothing of the job is on the worker.
 */
export async function act(
  run: Run,
  step: Step,
  hook: "rollout" | "reconcile",
  { mayBeAbsent = false }: { readonly mayBeAbsent?: boolean } = {},
): Promise<void> {
  const { job, allocation, kind } = step;
  const { reporter, bucket } = run;
  const began = bucket.now().getTime();
  const unit = { job: job.name, worker: allocation.host, action: kind };
  const finished = (cause: unknown) => {
    const error = cause === undefined ? undefined : asMaandError(cause);
    const outcome = cause === undefined ? "ok" : outcomeOf(cause);
    bucket.store.journal.conclude(step.row, outcome, run.at());
    if (error && error.code !== "INTERRUPTED") bucket.store.deliveries.distrust(allocation.host);
    reporter.emit("action.finished", {
      ...unit,
      outcome,
      exit: error?.exit ?? (error ? null : 0),
      message: error?.message ?? null,
      output: error?.output ?? [],
      duration_ms: bucket.now().getTime() - began,
    });
  };
  try {
    stopIfInterrupted(bucket.signal);
    const remote = await run.connections.ready(workerOf(run, allocation.host));
    const context = actionContext(run, job, allocation, remote, kind);
    reporter.emit("action.started", {
      ...unit,
      current_version: context.currentVersion,
      new_version: context.newVersion,
    });
    if ((await bucket.hooks[hook].promise(context)) !== "done")
      throw noHandler({ hook, transport: remote.transport, host: allocation.host, wanted: `${kind} of ${job.name}` });
    finished(undefined);
  } catch (cause) {
    const absent = mayBeAbsent && isMaandError(cause) && cause.code === "NOT_DELIVERED";
    finished(absent ? undefined : cause);
    if (!absent) throw cause;
  }
}
