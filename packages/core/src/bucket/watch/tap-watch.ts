import type { MaandError } from "../../errors.ts";
import { limitOf } from "./limit-of.ts";
import { SignsOfLife } from "./signs-of-life.ts";
import { endedAtLimit, goesOn, ignoredInterruption, neverSettles, type StuckTap } from "./stuck-tap.ts";
import { type TapUnit, unitOf } from "./tap-unit.ts";
import type { Outcome, Tapping } from "./tapping.ts";
import { abortUnit } from "./unit-signals.ts";
import { type WaitingTaps, WaitNotices } from "./wait-notices.ts";

/** How often pending taps are checked. Calls share one timer. */
const TICK_MS = 1_000;
/** How long a tap may take to finish after its signal was aborted at its limit. */
const GRACE_MS = 10_000;
/**
 * How long a tap may take to finish after the run was interrupted. The time is longer than it takes to stop commands on
 * a worker.
 */
const INTERRUPTED_MS = 20_000;

/** Options of a watch. */
export interface WatchOptions {
  /** `timeouts.tap` of the settings; default: the value for a bucket without settings. */
  readonly tapMs?: number;
  /** Aborts when the run is interrupted. */
  readonly signal?: AbortSignal;
}

/** A call to a tap. */
export interface WatchedCall {
  readonly by: Tapping;
  readonly args: readonly unknown[];
  /** Exactly one of its functions is called, exactly once. */
  readonly outcome: Outcome;
}

/** A call to a tap that has not finished. */
interface PendingTap {
  readonly by: Tapping;
  readonly args: readonly unknown[];
  /** The time when it began, by the clock of the watch. */
  readonly since: number;
  /** The time when its signal was aborted at its limit. */
  endingSince?: number;
  fail(cause: MaandError): void;
}

/**
 * Watches the calls to taps that are awaited. It reports pending taps after a while without any activity. At the
 * timeout of a call, it aborts the signal of the call. If the tap still does not finish, it is abandoned: its caller
 * gets an error, and the lock of the bucket is kept until the tap has finished, because the tap might still change
 * something.
 */
export class TapWatch {
  readonly #options: WatchOptions;
  readonly #pending = new Set<PendingTap>();
  readonly #abandoned = new Set<PendingTap>();
  readonly #life = new SignsOfLife();
  readonly #notices = new WaitNotices();
  #whenGone: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Milliseconds during which taps were pending, excluding the time during which the process was suspended. */
  #clock = 0;
  #lookedAt = 0;
  #interruptedAt: number | undefined;
  /** Called to report pending taps. */
  onWaiting: ((waiting: WaitingTaps) => void) | undefined;

  constructor(options: WatchOptions = {}) {
    this.#options = options;
    options.signal?.addEventListener("abort", () => this.#interrupt(), { once: true });
  }

  /** Begins to wait for a call, up to its limit. Returns the functions to call when it ends. */
  begin({ by, args, outcome }: WatchedCall): Outcome {
    const tap: PendingTap = { by, args, since: this.#clock, fail: outcome.failed };
    this.#pending.add(tap);
    if (this.#timer === undefined) this.#start();
    return {
      answered: (answer) => (this.#pending.delete(tap) ? outcome.answered(answer) : this.#ended(tap, answer)),
      failed: (cause) => {
        if (!this.#pending.delete(tap)) this.#ended(tap);
        else outcome.failed(tap.endingSince === undefined ? cause : endedAtLimit(this.#describe(tap), cause));
      },
    };
  }

  /** Records activity of a unit, so that its pending taps do not count as silent. */
  noteLife(unit: TapUnit): void {
    if (this.#pending.size > 0) this.#life.note(unit, this.#clock);
  }

  /**
   * Fails the innermost pending tap. Call this when the process has nothing left to wait for and is about to exit.
   * Returns whether a tap was pending.
   */
  endStuck(): boolean {
    const tap = [...this.#pending].at(-1);
    const describe = this.#interruptedAt === undefined ? neverSettles : ignoredInterruption;
    if (tap) this.#abandon(tap, describe(this.#describe(tap)));
    return tap !== undefined;
  }

  /**
   * Calls `work` as soon as no abandoned tap can still be running: immediately, or when the last abandoned tap has
   * finished.
   */
  whenGone(work: () => void): void {
    if (this.#abandoned.size === 0) work();
    else this.#whenGone.push(work);
  }

  /** Whether an abandoned tap of this unit might still be running. */
  mayRun({ job, worker }: TapUnit): boolean {
    return [...this.#abandoned].some((tap) => {
      const unit = unitOf(tap.args);
      return unit.job === job && unit.worker === worker;
    });
  }

  #start(): void {
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => this.#look(), TICK_MS);
    this.#timer.unref(); // a pending tap alone does not keep the process alive: see endStuck
  }

  #look(): void {
    const now = performance.now();
    this.#clock += Math.min(now - this.#lookedAt, 2 * TICK_MS);
    this.#lookedAt = now;
    if (this.#pending.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const inner = innermost([...this.#pending]);
    for (const tap of inner) this.#check(tap);
    this.#report(inner.filter((tap) => this.#pending.has(tap)));
  }

  #check(tap: PendingTap): void {
    if (this.#interruptedAt !== undefined) {
      if (this.#sinceInterruption(tap) > INTERRUPTED_MS) this.#abandon(tap, ignoredInterruption(this.#describe(tap)));
    } else if (tap.endingSince !== undefined) {
      if (this.#clock - tap.endingSince > GRACE_MS) this.#abandon(tap, goesOn(this.#describe(tap)));
    } else if (this.#silence(tap) > limitOf(tap, this.#options.tapMs)) {
      tap.endingSince = this.#clock;
      const error = goesOn(this.#describe(tap));
      if (!abortUnit(signalOf(tap.args), error)) this.#abandon(tap, error);
    }
  }

  #silence(tap: PendingTap): number {
    return this.#clock - Math.max(tap.since, this.#life.last(unitOf(tap.args)));
  }

  #sinceInterruption(tap: PendingTap): number {
    return this.#clock - Math.max(this.#interruptedAt ?? 0, tap.since);
  }

  #report(taps: readonly PendingTap[]): void {
    const isStopping = this.#interruptedAt !== undefined;
    const waited = (tap: PendingTap) => (isStopping ? this.#sinceInterruption(tap) : this.#silence(tap));
    const silent = taps.map((tap) => ({ ...this.#describe(tap), key: tap, waitedMs: waited(tap) }));
    for (const waiting of this.#notices.due(silent, isStopping)) this.onWaiting?.(waiting);
  }

  #describe({ by, args }: PendingTap): StuckTap {
    return { by, unit: unitOf(args), limitMs: limitOf({ by, args }, this.#options.tapMs) };
  }

  #abandon(tap: PendingTap, error: MaandError): void {
    this.#pending.delete(tap);
    this.#abandoned.add(tap);
    tap.fail(error);
  }

  /** Records that an abandoned tap has finished after all, and closes a connection that the tap opened. */
  #ended(tap: PendingTap, answer?: unknown): void {
    this.#abandoned.delete(tap);
    if (tap.by.hook === "connect") closeLate(answer);
    if (this.#abandoned.size > 0) return;
    for (const work of this.#whenGone.splice(0)) work();
  }

  #interrupt(): void {
    this.#interruptedAt = this.#clock;
  }
}

/**
 * Returns the innermost calls, which are the calls that no later call may be nested in. A call may be nested in an
 * earlier call for the same job, or for the same job on the same worker. A target, or a call without a job, such as for
 * a connection, may be nested in any call for a job. The function needs a single pass, because a fleet has thousands of
 * calls.
 */
function innermost(pending: readonly PendingTap[]): PendingTap[] {
  const [jobs, allocations] = [new Set<string>(), new Set<string>()];
  let fitsAny = false;
  const mayHoldLater = ({ job, worker }: TapUnit) =>
    job !== undefined && (fitsAny || (worker === undefined ? jobs.has(job) : allocations.has(`${job}@${worker}`)));
  const inner = pending.toReversed().filter(({ by, args }) => {
    const unit = unitOf(args);
    const isOuter = mayHoldLater(unit);
    fitsAny ||= unit.job === undefined || by.hook === "target";
    if (unit.job !== undefined) jobs.add(unit.job);
    if (unit.job !== undefined && unit.worker !== undefined) allocations.add(`${unit.job}@${unit.worker}`);
    return !isOuter;
  });
  return inner.reverse();
}

function signalOf(args: readonly unknown[]): unknown {
  const context = args.at(-1);
  return typeof context === "object" && context !== null && "signal" in context ? context.signal : undefined;
}

function closeLate(answer: unknown): void {
  if (typeof answer !== "object" || answer === null || !("close" in answer) || typeof answer.close !== "function")
    return;
  Promise.resolve(answer.close()).catch(() => undefined);
}
