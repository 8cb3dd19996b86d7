import { stopIfInterrupted } from "../../bucket/outcome.ts";
import { splitBatches } from "../../domain/deploy/batches.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { JobRollout, PlannedBatch } from "./job-rollout.ts";
import { runRound } from "./run-round.ts";

/** The batches of a rollout that were not begun yet. */
export class BatchQueue {
  readonly #rollout: JobRollout;
  #left: readonly PlannedBatch[];
  #begun = 0;

  constructor(rollout: JobRollout) {
    this.#rollout = rollout;
    this.#left = rollout.batches;
  }

  /** Allocations that are left. */
  get members(): PlannedAllocation[] {
    return this.#left.flatMap(({ members }) => members);
  }

  /** Hosts of allocations that are left, of batches of one phase. */
  hosts(phase: PlannedBatch["phase"]): string[] {
    const batches = this.#left.filter((batch) => batch.phase === phase);
    return batches.flatMap(({ members }) => members.map(({ allocation }) => allocation.host));
  }

  /** Takes out what is left on some hosts, cut anew into batches that are no larger. Throws for a host with nothing left. */
  take(hosts: readonly string[]): PlannedBatch[] {
    const there = new Set(this.members.map(({ allocation }) => allocation.host));
    const stray = hosts.find((host) => !there.has(host));
    if (stray !== undefined)
      throw new TypeError(`nothing of ${this.#rollout.job.name} is left to be rolled out on ${stray}`);
    const { chosen, others } = splitBatches(this.#left, new Set(hosts));
    this.#left = others;
    return chosen;
  }

  /** Runs batches that were taken out, or all that are left, one after another; the first that fails throws. */
  async run(batches: readonly PlannedBatch[] = this.#left): Promise<void> {
    if (batches === this.#left) this.#left = [];
    const count = this.#begun + batches.length + this.#left.length;
    for (const { phase, members, verify } of batches) {
      stopIfInterrupted(this.#rollout.run.bucket.signal);
      const batch = { phase, index: this.#begun, count };
      this.#begun += 1;
      const gate = this.#begun < count ? STARTED : WHOLE_JOB;
      await runRound(this.#rollout, { members, batch, promote: true, ...(verify ? { gate } : {}) });
    }
  }
}

/** Between batches: those not begun yet may be down, and are brought up by their batch. */
const STARTED = { of: "started", wait: true } as const;

/** The health of all active allocations, waiting for them. */
export const WHOLE_JOB = { of: "all", wait: true } as const;
