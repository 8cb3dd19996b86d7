import { outcomeOf } from "../../bucket/error-outcome.ts";
import { answeredBy } from "../../bucket/guarded-tap.ts";
import { whenTapFails } from "../../bucket/watch/own-calls.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { OrchestrateContext } from "../../plugin-api/contexts.ts";
import { isTapped } from "../../plugin-api/tapping/tap-by-name.ts";
import { BatchQueue, lastGate } from "./batch-queue.ts";
import type { JobRollout } from "./job-rollout.ts";
import { PluginCalls } from "./plugin-calls.ts";
import { recordRollout, runRound } from "./run-round.ts";

/**
 * Runs the batches of a job, or hands the rollout to a plugin (`orchestrate`). The plugin either carries out the whole
 * rollout, which is then promoted and checked as one batch, or selects what to roll out now; the rest is rolled out as
 * usual.
 */
export async function runBatches(rollout: JobRollout): Promise<void> {
  const queue = new BatchQueue(rollout);
  if (await isOrchestrated(rollout, queue)) {
    await runRound(rollout, { members: queue.members, promote: true, gate: lastGate(rollout) });
  } else await queue.run();
}

/** Offers the rollout to plugins. Returns whether one of them carried out everything that remained in the queue. */
async function isOrchestrated(rollout: JobRollout, queue: BatchQueue): Promise<boolean> {
  const { hooks } = rollout.run.bucket;
  if (queue.members.length === 0 || !isTapped(hooks.orchestrate, rollout.job)) return false;
  const orchestrated = new OrchestratedRollout(rollout, queue);
  try {
    const context = orchestrated.context();
    whenTapFails(context, (cause) => orchestrated.calls.stop(cause));
    const answer = await hooks.orchestrate.promise(context);
    await orchestrated.calls.end();
    orchestrated.close(answer === "done" ? "ok" : undefined);
    if (answer === "done") noteOrchestrator(rollout, queue.members, answeredBy(context));
    return answer === "done";
  } catch (cause) {
    await orchestrated.calls.end().catch(() => undefined);
    orchestrated.fail(cause);
    throw cause;
  }
}

/**
 * Records which plugin rolled out these allocations without `rollOut`. The summary names the plugin, because maand
 * cannot tell what the plugin did.
 */
function noteOrchestrator(
  { run, job }: JobRollout,
  members: readonly PlannedAllocation[],
  plugin: string | undefined,
): void {
  for (const { allocation } of members) run.ledger.noteLeader(job.name, allocation.host, plugin ?? "unknown");
}

/**
 * A rollout that a plugin controls. The journal records from the start that the plugin might touch the remaining
 * allocations.
 */
class OrchestratedRollout {
  readonly calls: PluginCalls;
  readonly #rollout: JobRollout;
  readonly #queue: BatchQueue;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #rolledOut: PlannedAllocation[] = [];

  constructor(rollout: JobRollout, queue: BatchQueue) {
    this.#rollout = rollout;
    this.#queue = queue;
    this.calls = new PluginCalls(`the rollout of ${rollout.job.name}`);
    this.#rows = new Map(recordRollout(rollout, queue.members).map(({ allocation, row }) => [allocation.id, row]));
  }

  context(): OrchestrateContext {
    return Object.freeze({
      ...this.#rollout.context,
      newAllocations: this.#queue.hosts("new"),
      updatedAllocations: this.#queue.hosts("update"),
      rollOut: (hosts: readonly string[]) => this.calls.run(() => this.#rollOut(hosts)),
      checkHealth: () => this.calls.run(() => this.#checkHealth()),
    });
  }

  /**
   * Closes the journal rows of the remaining allocations. An outcome means that the plugin rolled them out; no outcome
   * means that it did nothing.
   */
  close(outcome: ReturnType<typeof outcomeOf> | undefined): void {
    const { run } = this.#rollout;
    const { journal } = run.bucket.store;
    const rows = this.#rowsOf(this.#queue.members);
    if (outcome === undefined) journal.withdraw(rows);
    else for (const row of rows) journal.conclude(row, outcome, run.at());
  }

  /**
   * A plugin that called `rollOut` before it failed has changed nothing else. A plugin that did not call `rollOut`
   * might have changed every allocation.
   */
  fail(cause: unknown): void {
    const isTouched = this.#rolledOut.length === 0;
    this.close(isTouched ? outcomeOf(cause) : undefined);
    if (!isTouched) return;
    this.#rollout.rounds.push(this.#queue.members);
    const { run, job } = this.#rollout;
    for (const { allocation, decision } of this.#queue.members)
      run.ledger.fail(job.name, allocation.host, decision.action, cause);
  }

  async #rollOut(hosts: readonly string[]): Promise<void> {
    const batches = this.#queue.take(hosts);
    const members = batches.flatMap((batch) => batch.members);
    this.#rollout.run.bucket.store.journal.withdraw(this.#rowsOf(members));
    this.#rolledOut.push(...members);
    await this.#queue.run(batches);
  }

  async #checkHealth(): Promise<void> {
    await runRound(this.#rollout, { members: this.#rolledOut, gate: { of: "all", wait: false } });
  }

  #rowsOf(members: readonly PlannedAllocation[]): number[] {
    return members.flatMap(({ allocation }) => this.#rows.get(allocation.id) ?? []);
  }
}
