import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { type Counts, SIMULATED_CONFIG, type Simulation } from "../support/simulated-fleet/index.ts";
import { type Cost, maandProcess } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A directory in node_modules, where modules import the same core as the command. */
const PLACE = join(ROOT, "node_modules", ".cache", "maand-bench");

/** The cost of a command with a simulated fleet. */
export interface SimulatedCost extends Required<Cost> {
  readonly counts: Counts;
}

/** A bucket with simulated workers, and a way to run commands in separate processes. */
export interface SimulatedProcesses {
  readonly bucket: Scratch;
  /** Runs maand; its CPU time does not contain the time of the simulation itself. */
  run(...args: readonly string[]): Promise<SimulatedCost>;
}

/** Creates an empty bucket. Each process has a new fleet, without the files that earlier commands delivered. */
export async function simulatedProcesses(simulation: Simulation): Promise<SimulatedProcesses> {
  const bucket = await scratch('transport = "simulated"\n');
  bucket.write("maand.config.mjs", SIMULATED_CONFIG);
  return { bucket, ...(await processesIn(bucket.root, simulation)) };
}

/** Runs commands on an existing bucket whose configuration is {@link SIMULATED_CONFIG}. */
export async function processesIn(root: string, simulation: Simulation): Promise<Pick<SimulatedProcesses, "run">> {
  const report = join(root, "report.json");
  const preload = await preloadFor(simulation, report);
  return {
    async run(...args) {
      const { ms } = await maandProcess(root, args, ["--import", preload]);
      const { cpuMs, ownMs, mb, counts } = JSON.parse(readFileSync(report, "utf8"));
      return { ms, cpuMs: cpuMs - ownMs, mb, counts };
    },
  };
}

let preloads = 0;

/** Writes a module that creates the fleet before the command starts, and reports its cost at the end. */
async function preloadFor(simulation: Simulation, report: string): Promise<string> {
  mkdirSync(PLACE, { recursive: true });
  const bundle = await rolldown({
    input: fileURLToPath(new URL("../support/simulated-fleet/simulated-fleet.ts", import.meta.url)),
    external: /^(@maand\/|node:)/,
    platform: "node",
  });
  await bundle.write({ dir: PLACE, format: "esm", entryFileNames: "fleet.mjs" });
  await bundle.close();
  preloads += 1;
  const file = join(PLACE, `preload-${process.pid}-${preloads}.mjs`);
  writeFileSync(
    file,
    `import { writeFileSync } from "node:fs";
import { simulatedFleet } from "./fleet.mjs";
const fleet = simulatedFleet(${JSON.stringify(simulation)});
globalThis[Symbol.for("maand.simulated-fleet")] = fleet;
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1000;
  writeFileSync(${JSON.stringify(report)}, JSON.stringify({ cpuMs, ownMs: fleet.ownMs, mb: maxRSS / 1024, counts: fleet.counts }));
});
`,
  );
  return file;
}
