import { type Ended, maandHere } from "../bucket/maand.ts";
import { type Scratch, scratch } from "../bucket/scratch.ts";
import { Draws, type Range } from "./draws.ts";
import { type SimulatedFleet, simulatedFleet } from "./simulated-fleet.ts";
import type { Simulation } from "./simulated-worker.ts";

/** The key under which a configuration finds the fleet of its process. */
const FLEET = Symbol.for("maand.simulated-fleet");

/** A configuration that adds the fleet of this process to the stock plugins. */
export const SIMULATED_CONFIG = `export default { plugins: ["defaults", globalThis[Symbol.for("${FLEET.description}")].plugin] };\n`;

/** The size of a workspace. */
export interface WorkspaceSize {
  readonly workers: number;
  readonly jobs: number;
  /** Files of each job in addition to its manifest and Makefile; default 6. */
  readonly files?: number;
  /** Bytes of a file, drawn from the seed; default 1,000 each. */
  readonly bytes?: Range;
  readonly seed?: number;
}

/** A bucket whose workers are simulated. Every command line runs completely, in this process. */
export interface SimulatedBucket extends Pick<Scratch, "root" | "write" | "job" | "dispose"> {
  readonly fleet: SimulatedFleet;
  /** Runs a command line that must succeed. */
  maand(...args: readonly string[]): Promise<Ended>;
}

/** Creates a bucket of this size, without a build. */
export async function simulatedBucket(size: WorkspaceSize, simulation: Simulation = {}): Promise<SimulatedBucket> {
  const bucket = await scratch('transport = "simulated"\n');
  bucket.write("maand.config.mjs", SIMULATED_CONFIG);
  writeWorkspace(bucket, size);
  const fleet = useFleet(simulation);
  return {
    ...bucket,
    fleet,
    async maand(...args) {
      Reflect.set(globalThis, FLEET, fleet);
      const ended = await maandHere(args, bucket.root);
      if (ended.code === 0) return ended;
      throw new Error(`maand ${args.join(" ")} exited with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`);
    },
  };
}

/** Creates the fleet that configurations in this process use. */
export function useFleet(simulation: Simulation): SimulatedFleet {
  const fleet = simulatedFleet(simulation);
  Reflect.set(globalThis, FLEET, fleet);
  return fleet;
}

/** Writes a workspace in which each job runs on every worker. */
export function writeWorkspace(
  bucket: Pick<Scratch, "workers" | "job">,
  { workers, jobs, ...shape }: WorkspaceSize,
): void {
  bucket.workers(...Array.from({ length: workers }, (_, at) => ({ host: hostAt(at) })));
  for (let job = 0; job < jobs; job += 1) writeJob(bucket, job, "1.0.0", shape);
}

/** The address of a simulated worker. */
export function hostAt(at: number): string {
  return `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
}

/** Writes one job of the workspace, in a version. */
export function writeJob(
  bucket: Pick<Scratch, "job">,
  job: number,
  version: string,
  { files = 6, bytes = [1_000, 1_000], seed = 1 }: Omit<WorkspaceSize, "workers" | "jobs"> = {},
): void {
  const draws = new Draws(seed);
  const texts = Array.from({ length: files }, (_, file): [string, string] => {
    const line = `setting_${job}_${file} = ${version}\n`;
    const size = draws.within(bytes, "bytes", String(job), String(file));
    return [`conf/${file}.conf`, line.repeat(Math.max(1, Math.round(size / line.length)))];
  });
  bucket.job(
    `job${job}`,
    { version, selectors: ["worker"], max_concurrent_upgrades: 100_000 },
    { Makefile: "start stop restart reload:\n\t@:\n", ...Object.fromEntries(texts) },
  );
}
