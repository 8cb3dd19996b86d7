import type { Job } from "../../domain/workspace/job.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { Run } from "../../run/run.ts";
import type { Outcome } from "../../summary.ts";
import { type Batch, kindOf, splitBatches } from "./rollout-batches.ts";
import { runBatches } from "./run-batches.ts";
import { verifyBatch } from "./verify-batch.ts";

/** What is left of a job's rollout while somebody has it in hand. That it may be touched is in the journal from the start. */
export class RolloutRest {
  readonly #run: Run;
  readonly #job: Job;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #rolledOut: PlannedAllocation[] = [];
  #left: readonly Batch[];
  #begun = 0;
  #used = false;
  #failure: { readonly cause: unknown } | undefined;

  constructor(run: Run, job: Job, batches: readonly Batch[]) {
    this.#run = run;
    this.#job = job;
    this.#left = batches;
    this.#rows = intended(run, job, this.members);
  }

  /** Whether anything was rolled out through this. */
  get used(): boolean {
    return this.#used;
  }

  /** Allocations that were not rolled out through this. */
  get members(): PlannedAllocation[] {
    return this.#left.flatMap((batch) => batch.members);
  }

  /** Rolls some of them out now, batch by batch; a throw says which host is none of them, or how a batch failed. */
  async rollOut(hosts: readonly string[]): Promise<void> {
    const there = new Set(this.members.map(({ allocation }) => allocation.host));
    const stray = hosts.find((host) => !there.has(host));
    if (stray !== undefined) throw new TypeError(`nothing of ${this.#job.name} is left to be rolled out on ${stray}`);
    this.#used = true;
    const { chosen, others } = splitBatches(this.#left, new Set(hosts));
    const index = this.#begun;
    this.#left = others;
    this.#begun += chosen.length;
    const members = chosen.flatMap((batch) => batch.members);
    this.#withdraw(members);
    this.#rolledOut.push(...members);
    try {
      await runBatches(this.#run, this.#job, chosen, { index, count: this.#begun + others.length });
    } catch (cause) {
      this.#failure ??= { cause };
      throw cause;
    }
  }

  async checkHealth(): Promise<void> {
    try {
      await verifyBatch(this.#run, this.#job, this.#rolledOut, false);
    } catch (cause) {
      this.#failure ??= { cause };
      throw cause;
    }
  }

  /** The rest of it, with nobody's hand in it. */
  async runAsUsual(): Promise<void> {
    this.withdraw();
    await runBatches(this.#run, this.#job, this.#left, {
      index: this.#begun,
      count: this.#begun + this.#left.length,
    });
  }

  /** A batch that failed ends the job, even when whoever rolled it out passes over that. */
  stopIfFailed(): void {
    if (!this.#failure) return;
    this.withdraw();
    throw this.#failure.cause;
  }

  /** Writes that what is left was done by somebody else, and what came of it. */
  conclude(outcome: Outcome): void {
    const { journal } = this.#run.bucket.store;
    for (const row of this.#rowsOf(this.members)) journal.conclude(row, outcome, this.#run.at());
  }

  /** Writes that what is left was not touched. */
  withdraw(): void {
    this.#withdraw(this.members);
  }

  #withdraw(members: readonly PlannedAllocation[]): void {
    this.#run.bucket.store.journal.withdraw(this.#rowsOf(members));
  }

  #rowsOf(members: readonly PlannedAllocation[]): number[] {
    return members.flatMap(({ allocation }) => this.#rows.get(allocation.id) ?? []);
  }
}

function intended(run: Run, job: Job, members: readonly PlannedAllocation[]): Map<string, number> {
  const intents = members.map(({ allocation, decision, target }) => ({
    allocation: allocation.id,
    kind: kindOf(decision.action),
    version: job.version,
    digest: target.digest,
  }));
  const rows = run.bucket.store.journal.intend(run.number, intents, run.at());
  return new Map(members.map(({ allocation }, at): [string, number] => [allocation.id, rows[at] ?? 0]));
}
