import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { splitBatches } from "../../domain/deploy/batches.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import { isDecided } from "../../run/budget/arbiter.ts";
import type { HealthGate } from "./health-gate.ts";
import type { JobRollout, PlannedBatch } from "./job-rollout.ts";
import { nextMembers, refuseMembers } from "./member-downtime.ts";
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

  /** Hosts of the remaining allocations in the batches of one phase. */
  hosts(phase: PlannedBatch["phase"]): string[] {
    const batches = this.#left.filter((batch) => batch.phase === phase);
    return batches.flatMap(({ members }) => members.map(({ allocation }) => allocation.host));
  }

  /**
   * Removes the remaining allocations of some hosts from the queue, and groups them into new batches that are no larger
   * than the old ones. Throws for a host with no remaining allocation.
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

  /**
   * Runs the given batches, or all remaining ones, one after another, as the availability budget allows. Throws at the
   * first failure, or if none of the remaining allocations may go down.
   */
  async run(batches: readonly PlannedBatch[] = this.#left): Promise<void> {
    if (batches === this.#left) this.#left = [];
    let rest = batches;
    while (rest.length > 0) {
      stopIfInterrupted(this.#rollout.run.bucket.signal);
      const chosen = this.#isDecided ? await this.#choose(rest) : first(rest);
      rest = chosen.rest;
      const { phase, members, verify } = chosen.batch;
      const count = this.#begun + 1 + rest.length + this.#left.length;
      const batch = { phase, index: this.#begun, count };
      this.#begun += 1;
      const gate = this.#begun < count ? STARTED : lastGate(this.#rollout);
      await runRound(this.#rollout, { members, batch, promote: true, ...(verify ? { gate } : {}) });
    }
  }

  get #isDecided(): boolean {
    const { run, job } = this.#rollout;
    return isDecided(run, "restart", [job.name]);
  }

  /** The next batch, or the part of it that may go down, and the batches that follow. */
  async #choose(batches: readonly PlannedBatch[]): Promise<Chosen> {
    const next = await nextMembers(
      this.#rollout,
      batches.map(({ members }) => members),
    );
    if (!("batch" in next)) throw refuseMembers(this.#rollout, next.refused);
    const { batch: from, rest } = first(batches.slice(next.from));
    const chosen = new Set(next.batch);
    const later = from.members.filter((member) => !chosen.has(member));
    const tail = later.length > 0 ? [{ ...from, members: later }] : [];
    return { batch: { ...from, members: next.batch }, rest: [...batches.slice(0, next.from), ...tail, ...rest] };
  }
}

/** The batch to run next, and the batches that follow. */
interface Chosen {
  readonly batch: PlannedBatch;
  readonly rest: readonly PlannedBatch[];
}

function first([batch, ...rest]: readonly PlannedBatch[]): Chosen {
  if (!batch) throw new RangeError("no batch remains");
  return { batch, rest };
}

/** Between batches, allocations whose batch has not started may be down, because their batch starts them. */
const STARTED = { of: "started", wait: true } as const;

/**
 * The health check after the last batch. It waits until all active allocations are healthy. If some allocations wait
 * for a later step, it waits only for those that run the release.
 */
export function lastGate({ isPart }: Pick<JobRollout, "isPart">): HealthGate {
  return { of: isPart ? "released" : "all", wait: true };
}
