import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import type { SimulatedProcess } from "./process.ts";
import type { Event, World } from "./world.ts";

/** The replacements for the clock, the timers and the random numbers of this process. */
const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  now: performance.now,
  sleep: timers.setTimeout,
  randomUUID: crypto.randomUUID,
  randomBytes: crypto.randomBytes,
};

/**
 * Replaces the timers, the monotonic clock and the random numbers of this process with those of a simulation, so that
 * the engine runs unchanged. A timer belongs to the simulated process whose code set it. Returns a function that
 * restores the real ones.
 */
export function simulateTime(world: World): () => void {
  const set = (run: () => void, ms: number, everyMs?: number): unknown => {
    const { current } = world;
    return current ? new Timer(world, current, { run, ms, everyMs }) : undefined;
  };
  const parts = {
    setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      set(() => run(...args), ms) ?? REAL.setTimeout(run, ms, ...args),
    setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      set(() => run(...args), ms, ms) ?? REAL.setInterval(run, ms, ...args),
    clearTimeout: (timer: unknown) => clear(timer, REAL.clearTimeout),
    clearInterval: (timer: unknown) => clear(timer, REAL.clearInterval),
  };
  Object.assign(globalThis, parts);
  performance.now = () => (world.current ? world.now : REAL.now.call(performance));
  // the real origin differs in each process, and sums with it would be rounded differently
  Object.defineProperty(performance, "timeOrigin", { value: 0, configurable: true });
  Object.assign(timers, { setTimeout: sleeping(world) });
  Object.assign(crypto, {
    randomUUID: () => uuidOf(world.random.bytes(16)),
    randomBytes: (count: number) => world.random.bytes(count),
  });
  syncBuiltinESMExports();
  return () => {
    const { now, sleep, randomUUID, randomBytes, ...globals } = REAL;
    Object.assign(globalThis, globals);
    performance.now = now;
    Reflect.deleteProperty(performance, "timeOrigin");
    Object.assign(timers, { setTimeout: sleep });
    Object.assign(crypto, { randomUUID, randomBytes });
    syncBuiltinESMExports();
  };
}

function clear(timer: unknown, real: (timer: NodeJS.Timeout) => void): void {
  if (timer instanceof Timer) timer.clear();
  else if (timer !== undefined) real(timer as NodeJS.Timeout);
}

/** A timer of a simulated process, with the methods that code uses. */
class Timer {
  readonly #world: World;
  readonly #owner: SimulatedProcess;
  readonly #options: { readonly run: () => void; readonly ms: number; readonly everyMs: number | undefined };
  #event: Event;

  constructor(
    world: World,
    owner: SimulatedProcess,
    options: { readonly run: () => void; readonly ms: number; readonly everyMs: number | undefined },
  ) {
    this.#world = world;
    this.#owner = owner;
    this.#options = options;
    this.#event = this.#set(options.ms);
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  clear(): void {
    this.#event.isCancelled = true;
  }

  #set(ms: number): Event {
    return this.#world.after(ms, this.#owner, () => {
      const { run, everyMs } = this.#options;
      if (everyMs !== undefined) this.#event = this.#set(everyMs);
      run();
    });
  }
}

/** Returns a replacement for `setTimeout` of `node:timers/promises`. */
function sleeping(world: World) {
  return (ms = 0, value?: unknown, options: { readonly signal?: AbortSignal } = {}): Promise<unknown> => {
    const { current } = world;
    if (!current) return REAL.sleep(ms, value, options);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        event.isCancelled = true;
        reject(signal?.reason);
      };
      const event = world.after(ms, current, () => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      });
      signal?.addEventListener("abort", stop, { once: true });
    });
  };
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
