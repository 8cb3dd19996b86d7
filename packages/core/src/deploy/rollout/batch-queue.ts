import { stopIfInterrupted } from "../../bucket/outcome.ts";
import { splitBatches } from "../../domain/deploy/batches.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { HealthGate } from "./health-gate.ts";
import type { JobRollout, PlannedBatch } from "./job-rollout.ts";
import { runRound } from "./run-round.ts";

/** The batches of a rollout that have not started. */
export class BatchQueue {
  readonly #rollout: JobRollout;
  #left: readonly PlannedBatch[];
  #begun = 0;

  constructor(rollout: JobRollout) {
    this.#rollout = rollout;
    this.#left = rollout.batches;
  }

  /** Remaining allocations. */
  get members(): PlannedAllocation[] {
    return this.#left.flatMap(({ members }) => members);
  }

  /** Hosts of the remaining allocations, for batches of one phase. */
  hosts(phase: PlannedBatch["phase"]): string[] {
    const batches = this.#left.filter((batch) => batch.phase === phase);
    return batches.flatMap(({ members }) => members.map(({ allocation }) => allocation.host));
  }

  /**
   * Removes the remaining allocations of some hosts from the queue, regrouped into batches that are no larger. Throws for a
   * host with no remaining allocation.
   */
  take(hosts: readonly string[]): PlannedBatch[] {
    const there = new Set(this.members.map(({ allocation }) => allocation.host));
    const stray = hosts.find((host) => !there.has(host));
    if (stray !== undefined)
      throw new TypeError(`nothing of ${this.#rollout.job.name} remains to be rolled out on ${stray}`);
    const { chosen, others } = splitBatches(this.#left, new Set(hosts));
    this.#left = others;
    return chosen;
  }

  /** Runs the given batches, or all remaining ones, one after another. Throws at the first failure. */
  async run(batches: readonly PlannedBatch[] = this.#left): Promise<void> {
    if (batches === this.#left) this.#left = [];
    const count = this.#begun + batches.length + this.#left.length;
    for (const { phase, members, verify } of batches) {
      stopIfInterrupted(this.#rollout.run.bucket.signal);
      const batch = { phase, index: this.#begun, count };
      this.#begun += 1;
      const gate = this.#begun < count ? STARTED : lastGate(this.#rollout);
      await runRound(this.#rollout, { members, batch, promote: true, ...(verify ? { gate } : {}) });
    }
  }
}

/** Between batches, allocations whose batch has not started may be down: their batch starts them. */
const STARTED = { of: "started", wait: true } as const;

/** Waits for the health of all active allocations, or of those that run the release if others wait for a later step. */
export function lastGate({ isPart }: Pick<JobRollout, "isPart">): HealthGate {
  return { of: isPart ? "released" : "all", wait: true };
}
