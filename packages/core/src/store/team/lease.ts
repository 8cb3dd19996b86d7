import { randomUUID } from "node:crypto";
import { MaandError } from "../../errors.ts";
import type { Lock } from "../lock/bucket-lock.ts";
import { type Holder, isDeadHere } from "../lock/holder.ts";
import { heldBy } from "../lock/holder-text.ts";
import type { LeaseProof } from "./authority.ts";
import type { Beat } from "./pg/messages.ts";
import type { WorkingCopy } from "./working-copy.ts";

/** Durations of a lease, in milliseconds. */
export interface LeaseTimes {
  /** How long the lease lasts without being renewed. */
  readonly ttlMs: number;
  /** Time between two renewals. */
  readonly everyMs: number;
  /** How long before the lease expires its holder stops work. */
  readonly marginMs: number;
}

export const LEASE_TIMES: LeaseTimes = { ttlMs: 30_000, everyMs: 5_000, marginMs: 7_000 };

/**
 * Takes the lease of the bucket, or throws BUSY and names its holder. A thread renews the lease. `onLost` is called
 * once, if the lease cannot be renewed in time or another command has taken it. From then on, this process refuses
 * every change.
 */
export function takeLease(
  copy: WorkingCopy,
  holder: Holder,
  onLost: (error: MaandError) => void,
  times = LEASE_TIMES,
): Lock {
  const nonce = randomUUID();
  const requestedAt = performance.now();
  const number = acquire(copy, nonce, holder, times.ttlMs);
  const lease = new HeldLease(copy, { number, nonce }, { requestedAt, times, onLost });
  copy.keep(lease);
  return lease;
}

function acquire(copy: WorkingCopy, nonce: string, holder: Holder, ttlMs: number): number {
  for (let attempt = 0; ; attempt += 1) {
    const lease = copy.take(nonce, holder, ttlMs);
    if (lease?.nonce === nonce) return lease.number;
    // other commands do not wait for a killed process of this machine
    const isDead = lease?.holder && isDeadHere(lease.holder) && copy.authority.endDead(lease);
    if (!isDead || attempt === 3) throw busy(lease?.holder ?? undefined);
  }
}

class HeldLease implements Lock {
  readonly #copy: WorkingCopy;
  readonly #proof: LeaseProof;
  readonly #times: LeaseTimes;
  readonly #onLost: (error: MaandError) => void;
  /** The time on the monotonic clock by which work must have stopped, unless the lease is renewed before that time. */
  #deadline: number;
  readonly #endBeat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #error: MaandError | undefined;

  constructor(
    copy: WorkingCopy,
    proof: LeaseProof,
    { requestedAt, times, onLost }: { requestedAt: number; times: LeaseTimes; onLost: (error: MaandError) => void },
  ) {
    this.#copy = copy;
    this.#proof = proof;
    this.#times = times;
    this.#onLost = onLost;
    this.#deadline = requestedAt + times.ttlMs - times.marginMs;
    this.#endBeat = copy.authority.beat(proof, times.ttlMs, times.everyMs, (beat) => this.#noteBeat(beat));
    this.#watch();
  }

  proof(): LeaseProof {
    this.#check();
    if (this.#error) throw this.#error;
    return this.#proof;
  }

  lost(holder: Holder | null): MaandError {
    const by = holder ? heldBy(holder) : "another command";
    return this.#lose(`${by} has taken it`);
  }

  /** Refuses later changes immediately, because each of them would wait as long as this one. */
  unreachable(error: MaandError): void {
    if (this.#error) return;
    clearTimeout(this.#timer);
    this.#error = error;
    this.#onLost(error);
  }

  release(): void {
    clearTimeout(this.#timer);
    // the remaining writes must not be stored without a lease
    if (!this.#error) this.#copy.keep(undefined);
    this.#endBeat();
    try {
      this.#copy.authority.release(this.#proof);
    } catch {
      // the lease expires in the database
    }
  }

  /**
   * Loses the lease if its deadline has passed. First processes the results that the database thread has already
   * reported, because this thread might have been busy.
   */
  #check(): void {
    if (this.#error || performance.now() <= this.#deadline) return;
    this.#copy.authority.receiveBeats();
    if (performance.now() > this.#deadline) this.#lose("it could not be renewed in time");
  }

  #noteBeat({ renewed, sent }: Beat): void {
    if (renewed === false) this.#lose("it was taken by another command, or ended");
    if (renewed !== true) return;
    this.#deadline = Math.max(this.#deadline, sent + this.#times.ttlMs - this.#times.marginMs);
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#error) return;
    const wait = Math.max(0, this.#deadline - performance.now()) + 1;
    this.#timer = setTimeout(() => this.#check(), wait).unref();
  }

  #lose(why: string): MaandError {
    if (this.#error) return this.#error;
    clearTimeout(this.#timer);
    this.#error = new MaandError({
      code: "LEASE_LOST",
      message: `the lease of the bucket was lost: ${why}; nothing new was started`,
      hint: "to see which command has it, run maand unlock; to continue, run the command again",
    });
    this.#onLost(this.#error);
    return this.#error;
  }
}

function busy(holder: Holder | undefined): MaandError {
  return new MaandError({
    code: "BUSY",
    message: `the bucket is in use by ${holder ? heldBy(holder) : "another maand command that is just starting"}`,
    hint: "wait until it has finished, or add --wait; nothing was changed",
    refused: true,
  });
}
