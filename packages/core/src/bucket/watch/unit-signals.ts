import { setMaxListeners } from "node:events";
import { type TapUnit, unitText } from "./tap-unit.ts";

const controllers = new WeakMap<object, AbortController>();

/**
 * The signals of contexts, one for each unit of a run. A signal aborts when the run is interrupted, or when a tap for
 * its unit reaches its timeout.
 */
export class UnitSignals {
  readonly #run: AbortSignal;
  readonly #units = new Map<string, AbortController>();

  constructor(run: AbortSignal) {
    this.#run = run;
    run.addEventListener("abort", () => this.#abortAll(), { once: true });
  }

  /** The signal of a unit. After a tap was stopped at its timeout, the unit gets a new signal. */
  of(unit: TapUnit): AbortSignal {
    const key = unitText(unit);
    const known = this.#units.get(key);
    if (known && (!known.signal.aborted || this.#run.aborted)) return known.signal;
    const made = new AbortController();
    controllers.set(made.signal, made);
    setMaxListeners(0, made.signal); // commands of one job run in parallel, and each listens
    if (this.#run.aborted) made.abort(this.#run.reason);
    this.#units.set(key, made);
    return made.signal;
  }

  #abortAll(): void {
    for (const controller of this.#units.values()) controller.abort(this.#run.reason);
  }
}

/** Aborts the signal of one unit; returns whether the value is such a signal. */
export function abortUnit(signal: unknown, reason: Error): boolean {
  const controller = typeof signal === "object" && signal !== null ? controllers.get(signal) : undefined;
  controller?.abort(reason);
  return controller !== undefined;
}
