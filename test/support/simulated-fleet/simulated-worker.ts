import type { Counts } from "./counts.ts";
import type { Draws, Range } from "./draws.ts";

/**
 * The behaviour of simulated workers. For each worker and command, a value in each range is drawn from the seed, and
 * failures are drawn with the given shares.
 */
export interface Simulation {
  /** Default 1. */
  readonly seed?: number;
  /** Milliseconds of a round trip to a worker; default none. */
  readonly latencyMs?: Range;
  /** Milliseconds that a target or command takes; default none. */
  readonly commandMs?: Range;
  /** Bytes that a target or command prints; default none. */
  readonly outputBytes?: Range;
  /** The share of workers that cannot be connected; default 0. */
  readonly unreachable?: number;
  /** The share of targets that fail; default 0. */
  readonly failing?: number;
}

/** Files of a directory by path. */
export type Tree = Readonly<Record<string, readonly [mode: number, hash: string, size: number]>>;

/** State that all workers of a fleet share. */
export interface Fleet {
  readonly simulation: Required<Simulation>;
  readonly draws: Draws;
  readonly counts: Counts;
  /** One copy of each hash, which thousands of workers share. */
  readonly hashes: Map<string, string>;
  /** The last delivered tree of each job and its JSON, which most workers share. */
  readonly trees: Map<string, { readonly text: string; readonly tree: Tree }>;
  /** Runs a part of the simulation, and counts its time as time of the simulation. */
  simulate<T>(work: () => T): T;
}

/** A machine of the fleet: its delivered files, and the targets that ran on it. It survives the end of a connection. */
export class SimulatedWorker {
  readonly host: string;
  readonly fleet: Fleet;
  /** The record of the last command that changed the worker. */
  fence = "";
  /** The hash of the runner's program that it keeps. */
  program = "";
  /** The `worker.json` of the last delivery. */
  workerJson = "";
  readonly latencyMs: number;
  /** Hashes of contents on the worker. */
  readonly #contents = new Set<string>();
  /** The files of each job's directory; under "", the files of the bucket's directory. */
  readonly #trees = new Map<string, Tree>();
  /** The last target of each job. */
  readonly #ran = new Map<string, string>();
  #trips = 0;
  #hasAnswered = true;

  constructor(host: string, fleet: Fleet) {
    this.host = host;
    this.fleet = fleet;
    this.latencyMs = fleet.draws.within(fleet.simulation.latencyMs, "latency", host);
  }

  /** Begins a new connection, without earlier messages. */
  connected(): void {
    this.#trips = 0;
    this.#hasAnswered = true;
  }

  /** Records an arriving message, which begins a round trip if an answer was sent before. */
  receive(bytes: number): void {
    const { counts } = this.fleet;
    counts.bytesSent += bytes;
    if (!this.#hasAnswered) return;
    this.#hasAnswered = false;
    this.#trips += 1;
    counts.roundTrips = Math.max(counts.roundTrips, this.#trips);
  }

  /** Records that an answer was sent. */
  answer(bytes: number): void {
    this.fleet.counts.bytesReceived += bytes;
    this.#hasAnswered = true;
  }

  /** The contents of this list that are missing. */
  lacking(hashes: Iterable<string>): string[] {
    return [...new Set(hashes)].filter((hash) => !this.#contents.has(hash));
  }

  keep(hash: string): void {
    const shared = this.fleet.hashes.get(hash) ?? hash;
    this.fleet.hashes.set(shared, shared);
    this.#contents.add(shared);
  }

  /** Stores delivered files of some jobs and of the bucket's directory. */
  deliver(jobs: Readonly<Record<string, Tree>>, files: Tree): void {
    for (const [job, tree] of Object.entries(jobs)) this.#trees.set(job, this.#shared(job, tree));
    this.#trees.set("", { ...this.#trees.get(""), ...files });
  }

  #shared(job: string, tree: Tree): Tree {
    const text = JSON.stringify(tree);
    const last = this.fleet.trees.get(job);
    if (last?.text === text) return last.tree;
    this.fleet.trees.set(job, { text, tree });
    return tree;
  }

  /**
   * The output of the quick check of the plugin `make`: the files below directories of jobs, and the hashes of files.
   */
  inspect(starts: readonly string[], paths: readonly string[]): string {
    const listing = starts.flatMap((start) => {
      const files = Object.entries(this.#trees.get(start.slice("jobs/".length)) ?? {});
      const directories = new Set(files.flatMap(([path]) => directoriesAbove(path)));
      return [
        ...[...directories].map((path) => `d 755 ${start}/${path}`),
        ...files.map(([path, [mode]]) => `f ${mode.toString(8)} ${start}/${path}`),
      ];
    });
    return ["maand-inspect", ...listing, ...paths.map((path) => `${this.#hashOf(path)}  ${path}`), ""].join("\0");
  }

  #hashOf(path: string): string {
    const [, job = "", inJob = path] = /^jobs\/([^/]+)\/(.+)$/.exec(path) ?? [];
    return this.#trees.get(job)?.[inJob]?.[1] ?? "";
  }

  /** Runs a target or a command: returns its output, its exit code and its time. */
  run(job: string, target: string): { readonly output: string; readonly code: number; readonly ms: number } {
    const { counts, draws, simulation } = this.fleet;
    counts.processes += 1;
    const about = [this.host, job, target, String(counts.processes)];
    const bytes = Math.round(draws.within(simulation.outputBytes, "output", ...about));
    const failed = simulation.failing > 0 && draws.share("fails", this.host, job, target) < simulation.failing;
    if (!failed) this.#ran.set(job, target);
    return {
      output: bytes === 0 ? "" : `${"x".repeat(79)}\n`.repeat(Math.ceil(bytes / 80)),
      code: failed ? 2 : 0,
      ms: draws.within(simulation.commandMs, "time", ...about),
    };
  }

  /** The target that was run last for a job. */
  ran(job: string): string | undefined {
    return this.#ran.get(job);
  }
}

function directoriesAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join("/"));
}
