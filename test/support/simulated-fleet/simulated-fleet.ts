import { setTimeout as wait } from "node:timers/promises";
import { MaandError, type Plugin } from "@maand/core";
import { type Counts, noCounts } from "./counts.ts";
import { Draws } from "./draws.ts";
import { SIMULATED, SimulatedRemote } from "./simulated-remote.ts";
import { type Fleet, SimulatedWorker, type Simulation } from "./simulated-worker.ts";

/** A fleet of up to thousands of simulated workers, behind a transport plugin. */
export interface SimulatedFleet {
  /** The plugin that connects to workers with the transport `simulated`. */
  readonly plugin: Plugin;
  /** Counts of the requests to the workers since {@link reset}. */
  readonly counts: Readonly<Counts>;
  /** The time of the simulation itself in milliseconds, which a real controller would not need. */
  readonly ownMs: number;
  /** The number of open connections. */
  readonly open: number;
  /** The worker with this host, if maand ever connected to it. */
  worker(host: string): SimulatedWorker | undefined;
  /** Sets all counts and times to zero. */
  reset(): void;
}

/**
 * Creates a fleet whose latencies, times, outputs and failures are drawn from a seed. The engine and all stock plugins
 * run unchanged, because the workers use the protocol of the program that the plugin `make` starts on workers.
 */
export function simulatedFleet(options: Simulation = {}): SimulatedFleet {
  const simulation = {
    ...{ seed: 1, latencyMs: [0, 0], commandMs: [0, 0], outputBytes: [0, 0], unreachable: 0, failing: 0 },
    ...options,
  } satisfies Required<Simulation>;
  const counts = noCounts();
  const workers = new Map<string, SimulatedWorker>();
  const state = { ownMs: 0, open: 0 };
  const fleet: Fleet = {
    simulation,
    draws: new Draws(simulation.seed),
    counts,
    hashes: new Map(),
    trees: new Map(),
    simulate(work) {
      const began = performance.now();
      try {
        return work();
      } finally {
        state.ownMs += performance.now() - began;
      }
    },
  };

  async function connect(host: string, root: string): Promise<SimulatedRemote> {
    const worker = workers.get(host) ?? new SimulatedWorker(host, fleet);
    workers.set(host, worker);
    counts.connections += 1;
    await wait(worker.latencyMs);
    if (fleet.draws.share("unreachable", host) < simulation.unreachable)
      throw new MaandError({ code: "UNREACHABLE", message: `${host} cannot be reached`, worker: host });
    worker.connected();
    state.open += 1;
    return new CountedRemote(worker, root, () => {
      state.open -= 1;
    });
  }

  return {
    counts,
    get ownMs() {
      return state.ownMs;
    },
    get open() {
      return state.open;
    },
    worker: (host) => workers.get(host),
    reset() {
      Object.assign(counts, noCounts());
      state.ownMs = 0;
    },
    plugin: {
      name: "simulated-fleet",
      provides: { answers: ["connect"], transports: [SIMULATED] },
      apply: ({ connect: hook }) =>
        hook.tapPromise("simulated-fleet", async ({ worker, root, settings }) =>
          (worker.transport ?? settings.transport) === SIMULATED ? connect(worker.host, root) : undefined,
        ),
    },
  };
}

/** A connection that reports its end once. */
class CountedRemote extends SimulatedRemote {
  #onClosed: (() => void) | undefined;

  constructor(worker: SimulatedWorker, root: string, onClosed: () => void) {
    super(worker, root);
    this.#onClosed = onClosed;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#onClosed?.();
    this.#onClosed = undefined;
  }
}
