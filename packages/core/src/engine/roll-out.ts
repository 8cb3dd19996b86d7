import type { BatchContext, ControlContext } from "../contexts.ts";
import { batchSize, inBatches } from "../domain/batches.ts";
import type { Job } from "../domain/job.ts";
import { MaandError } from "../errors.ts";
import { isTapped } from "../hooks.ts";
import { act, intend } from "./act.ts";
import { checkHealth } from "./check-health.ts";
import { jobContext } from "./contexts-of.ts";
import { asMaandError, outcomeOf, stopIfInterrupted } from "./outcome.ts";
import type { PlannedAllocation, PlannedJob } from "./plan-job.ts";
import { promote, promoteAll } from "./promote.ts";
import { rolloutOrderOf, warnOfOrder } from "./rollout-order.ts";
import type { Run } from "./run.ts";

/** Allocations of a job that go together. */
interface Batch {
  readonly phase: "new" | "update";
  readonly members: readonly PlannedAllocation[];
  /** Whether health is asked after it: after the last batch of starts, and after each of upgrades (decision 2). */
  readonly verify: boolean;
}

/**
 * Rolls one job out whose files are on its workers: starts, then reloads, then restarts, in batches; for each batch the
 * lifecycle, `started`, `promote`, `verify`; then `after`. Whatever fails ends this job and goes to the ledger.
 */
export async function rollOut(run: Run, plan: PlannedJob): Promise<void> {
  const { frame, maand, ledger } = run;
  const { job } = plan;
  const began = maand.now().getTime();
  const batches = batchesOf(run, plan);
  frame.emit("job.started", {
    job: job.name,
    allocations: plan.allocations.filter(({ decision }) => decision.action !== "skip").length,
    batches: batches.length,
    stops_when: "a command or health check of one batch fails",
  });
  try {
    if (batches.length > 0) warnOfOrder(run, job);
    promoteQuiet(run, plan);
    await verifyAgain(run, plan);
    if (batches.length > 0 && !(await controlled(run, plan, batches))) await runBatches(run, job, batches);
    if (!ledger.failed(job.name)) await runAfter(run, plan);
  } catch (cause) {
    ledger.failJob(job.name, cause);
    leaveTheRest(run, plan, cause);
  }
  const failed = ledger.failed(job.name);
  const { message } = ledger.summary().failures.find((failure) => failure.job === job.name) ?? { message: null };
  frame.emit("job.finished", {
    job: job.name,
    outcome: failed ? "failed" : "ok",
    message,
    duration_ms: maand.now().getTime() - began,
  });
}

/** Allocations that need no lifecycle: those whose files alone changed, and those in maintenance. */
function promoteQuiet(run: Run, plan: PlannedJob): void {
  for (const planned of plan.allocations) {
    const { action } = planned.decision;
    const { host, disabled } = planned.allocation;
    if (run.ledger.lost(plan.job.name, host)) continue;
    if (action === "skip") run.ledger.note(plan.job.name, host, "skip", "skipped", true);
    else if (action === "sync" || disabled) promote(run, plan.job, planned, action);
  }
}

/** Allocations that were unhealthy and have no lifecycle to run (policy `never`) are asked again. */
async function verifyAgain(run: Run, plan: PlannedJob): Promise<void> {
  const again = plan.allocations.filter(
    ({ allocation, decision }) => decision.action === "sync" && run.remembered(allocation.id).promoted?.healthFailed,
  );
  if (again.length > 0) await verifyBatch(run, plan.job, again);
}

function batchesOf(run: Run, plan: PlannedJob): Batch[] {
  const active = plan.allocations.filter(({ allocation }) => !allocation.disabled);
  const place = new Map(rolloutOrderOf(run, plan.job).order.map((host, at) => [host, at]));
  const inOrder = [...active].sort((a, b) => (place.get(a.allocation.host) ?? 0) - (place.get(b.allocation.host) ?? 0));
  const wanted = (action: string) =>
    inOrder.filter(
      ({ allocation, decision }) => decision.action === action && !run.ledger.lost(plan.job.name, allocation.host),
    );
  const startSize = batchSize(plan.job.maxConcurrentStarts, active.length, 0);
  const upgradeSize = batchSize(plan.job.maxConcurrentUpgrades, active.length, 1);
  const starts = cut(wanted("start"), startSize);
  const upgrades = [...cut(wanted("reload"), upgradeSize), ...cut(wanted("restart"), upgradeSize)];
  return [
    ...starts.map((members, at): Batch => ({ phase: "new", members, verify: at === starts.length - 1 })),
    ...upgrades.map((members): Batch => ({ phase: "update", members, verify: true })),
  ];
}

/** Those in doubt or unhealthy make up the first batches, before any that is well (decisions 5 and 8). */
function cut(members: readonly PlannedAllocation[], size: number): PlannedAllocation[][] {
  const first = members.filter(({ decision }) => decision.first);
  const rest = members.filter(({ decision }) => !decision.first);
  return [...inBatches(first, size), ...inBatches(rest, size)];
}

async function runBatches(run: Run, job: Job, batches: readonly Batch[]): Promise<void> {
  markAfter(run, job);
  for (const [index, batch] of batches.entries()) {
    stopIfInterrupted(run.maand.signal);
    await runBatch(run, job, batch, { index, count: batches.length });
  }
}

async function runBatch(
  run: Run,
  job: Job,
  batch: Batch,
  place: { readonly index: number; readonly count: number },
): Promise<void> {
  const { frame, maand } = run;
  const hosts = (members: readonly PlannedAllocation[]) => members.map(({ allocation }) => allocation.host);
  frame.emit("batch.started", { job: job.name, ...place, phase: batch.phase, workers: hosts(batch.members) });
  const { done, failures } = await runLifecycle(run, job, batch.members);
  if (done.length > 0) {
    const context = batchContext(run, job, {
      ...place,
      phase: batch.phase,
      allocations: done.map(({ allocation }) => allocation),
    });
    await maand.hooks.started.promise(context);
    await maand.hooks.promote.promise(context);
    promoteAll(run, job, done);
    frame.emit("batch.promoted", { job: job.name, ...place, workers: hosts(done) });
  }
  const [first] = failures;
  if (first !== undefined) throw batchFailed(job, place, failures, first);
  if (batch.verify) await verifyBatch(run, job, done);
}

/** All members side by side, each to its end even when another fails. */
async function runLifecycle(run: Run, job: Job, members: readonly PlannedAllocation[]) {
  const wanted = members.map(({ allocation, decision, target }) => ({
    allocation,
    kind: kindOf(decision.action),
    digest: target.digest,
  }));
  const steps = intend(run, job, wanted);
  const ended = await Promise.allSettled(steps.map((step) => act(run, step, "rollout")));
  const done: PlannedAllocation[] = [];
  const failures: unknown[] = [];
  for (const [at, member] of members.entries()) {
    const result = ended[at];
    if (result?.status !== "rejected") {
      done.push(member);
      continue;
    }
    failures.push(result.reason);
    run.ledger.fail(job.name, member.allocation.host, member.decision.action, result.reason);
  }
  return { done, failures };
}

function kindOf(action: string): "start" | "reload" | "restart" {
  return action === "start" || action === "reload" ? action : "restart";
}

async function verifyBatch(run: Run, job: Job, batch: readonly PlannedAllocation[]): Promise<void> {
  const active = (run.allocationsOf.get(job.name) ?? []).filter(
    ({ disabled, host }) => !disabled && !run.ledger.lost(job.name, host),
  );
  const { outcome, results, cause } = await checkHealth(run, job, active, true);
  const sick = new Set(results.filter((result) => !result.ok).map((result) => result.host));
  const members = batch.map(({ allocation }) => allocation);
  const named = active.filter(({ host }) => sick.has(host));
  if (outcome === "failed") {
    if (run.maand.signal.aborted) throw cause;
    for (const { id } of named.length > 0 ? named : members) run.maand.store.promoted.markHealth(id, true);
    for (const { allocation, decision } of batch) {
      if (named.length === 0 || sick.has(allocation.host))
        run.ledger.fail(job.name, allocation.host, decision.action, cause, true);
    }
    throw cause;
  }
  run.maand.store.transaction(() => {
    for (const allocation of active)
      if (run.remembered(allocation.id).promoted?.healthFailed)
        run.maand.store.promoted.markHealth(allocation.id, false);
  });
}

/** Lets somebody take the whole rollout over (`control`); what they did is promoted and checked as one. */
async function controlled(run: Run, plan: PlannedJob, batches: readonly Batch[]): Promise<boolean> {
  const { hooks, store } = run.maand;
  if (!isTapped(hooks.control)) return false;
  const members = batches.flatMap((batch) => batch.members);
  const of = (phase: Batch["phase"]) =>
    batches.filter((batch) => batch.phase === phase).flatMap((batch) => batch.members);
  const hosts = (list: readonly PlannedAllocation[]) => list.map(({ allocation }) => allocation.host);
  const context: ControlContext = Object.freeze({
    ...jobContext(run, plan.job),
    newAllocations: hosts(of("new")),
    updatedAllocations: hosts(of("update")),
  });
  const intents = members.map(({ allocation, decision, target }) => ({
    allocation: allocation.id,
    kind: kindOf(decision.action),
    version: plan.job.version,
    digest: target.digest,
  }));
  const rows = store.journal.intend(run.number, intents, run.at());
  const conclude = (outcome: Parameters<typeof store.journal.conclude>[1]) => {
    for (const row of rows) store.journal.conclude(row, outcome, run.at());
  };
  try {
    markAfter(run, plan.job);
    if ((await hooks.control.promise(context)) !== "done") {
      store.journal.withdraw(rows);
      return false;
    }
    conclude("ok");
  } catch (cause) {
    conclude(outcomeOf(cause));
    for (const { allocation, decision } of members)
      run.ledger.fail(plan.job.name, allocation.host, decision.action, cause);
    throw cause;
  }
  promoteAll(run, plan.job, members);
  await verifyBatch(run, plan.job, members);
  return true;
}

function batchContext(run: Run, job: Job, batch: BatchContext["batch"]): BatchContext {
  const { order, source } = rolloutOrderOf(run, job);
  return Object.freeze({ ...jobContext(run, job), batch, rolloutOrder: order, rolloutOrderSource: source });
}

/** Durable before the first lifecycle command, so that a died run's `after` hooks are made up for (deploy.md 1.10). */
function markAfter(run: Run, job: Job): void {
  if (isTapped(run.maand.hooks.after)) run.maand.store.pendingAfter.set(job.name);
}

async function runAfter(run: Run, plan: PlannedJob): Promise<void> {
  const { hooks, store } = run.maand;
  stopIfInterrupted(run.maand.signal);
  await hooks.after.promise(jobContext(run, plan.job));
  store.pendingAfter.clear(plan.job.name);
}

/** Allocations nobody got to are named as well, so that the summary accounts for every one that was planned. */
function leaveTheRest(run: Run, plan: PlannedJob, cause: unknown): void {
  const settled = new Set(
    run.ledger
      .summary()
      .allocations.filter(({ job }) => job === plan.job.name)
      .map(({ host }) => host),
  );
  const interrupted = asMaandError(cause).code === "INTERRUPTED";
  for (const { allocation, decision } of plan.allocations) {
    if (settled.has(allocation.host) || decision.action === "skip") continue;
    run.ledger.note(plan.job.name, allocation.host, decision.action, interrupted ? "interrupted" : "blocked", false);
  }
}

function batchFailed(
  job: Job,
  { index, count }: { readonly index: number; readonly count: number },
  failures: readonly unknown[],
  first: unknown,
): MaandError {
  const error = asMaandError(first);
  if (failures.every((failure) => asMaandError(failure).code === "INTERRUPTED")) return error;
  const left = count - index - 1;
  const rest = left === 0 ? "" : `; ${left} ${left === 1 ? "batch was" : "batches were"} not begun`;
  return new MaandError({
    code: error.code,
    message: `batch ${index + 1} of ${count} of ${job.name} failed: ${failures.map((failure) => asMaandError(failure).message).join("; ")}${rest}`,
    hint: error.hint ?? "mend the cause and run maand deploy again; it continues with this batch",
    output: error.output,
    cause: first,
  });
}
