import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { SimulatedBucket } from "../../support/simulated-fleet/index.ts";
import type { Cost } from "../suite.ts";

/** The resources that this process and a bucket use between two commands. */
export interface Held {
  readonly heapMb: number;
  /** All memory of the process, including freed memory that it has not yet returned. */
  readonly rssMb: number;
  /** Open files. */
  readonly files: number;
  /** Timers, sockets and other things that Node waits for. */
  readonly resources: number;
  /** Connections to workers. */
  readonly connections: number;
  /** Temporary files. */
  readonly temporary: number;
  readonly storeMb: number;
  readonly logsMb: number;
}

/** Growth of the heap that is not a leak: compiled code, and caches that fill late. */
export const NOISE_MB = 4;

const MB = 1_000_000;
let collect: (() => void) | undefined;

/** The resources in use now, after a garbage collection. */
export function heldBy({ root, fleet }: SimulatedBucket, temporary: string): Held {
  setFlagsFromString("--expose-gc");
  collect ??= runInNewContext("gc") as () => void;
  collect();
  collect(); // the second collection frees dead buffers
  const { heapUsed, rss } = process.memoryUsage();
  return {
    heapMb: heapUsed / MB,
    rssMb: rss / MB,
    files: readdirSync("/proc/self/fd").length,
    resources: process.getActiveResourcesInfo().length,
    connections: fleet.open,
    temporary: readdirSync(temporary).length,
    storeMb: bytesBelow(join(root, "data")) / MB,
    logsMb: bytesBelow(join(root, "logs")) / MB,
  };
}

function bytesBelow(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

const COLUMNS: readonly (readonly [head: string, of: (held: Held, cost: Cost) => string])[] = [
  ["heap MB", ({ heapMb }) => heapMb.toFixed(1)],
  ["RSS MB", ({ rssMb }) => rssMb.toFixed(0)],
  ["files", ({ files }) => String(files)],
  ["resources", ({ resources }) => String(resources)],
  ["connections", ({ connections }) => String(connections)],
  ["temporary", ({ temporary }) => String(temporary)],
  ["store MB", ({ storeMb }) => storeMb.toFixed(2)],
  ["logs MB", ({ logsMb }) => logsMb.toFixed(2)],
  ["CPU ms each", (_, { cpuMs = 0 }) => cpuMs.toFixed(0)],
];

/** Formats the head of the table of samples, and the line of a sample. */
export const columnsOf = {
  head: ["deploys", ...COLUMNS.map(([head]) => head)].join("  "),
  line: (deploys: number, held: Held, cost: Cost) =>
    [String(deploys).padStart(7), ...COLUMNS.map(([head, of]) => of(held, cost).padStart(head.length))].join("  "),
};
