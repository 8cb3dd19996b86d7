import { writeWorkspace } from "../../support/simulated-fleet/index.ts";
import { simulatedProcesses } from "../simulated.ts";
import { measuredOf, type Suite } from "../suite.ts";
import type { Measured } from "../table.ts";

const SIMULATION = { latencyMs: [1, 20], commandMs: [20, 20] } as const;
const SIZES = [100, 1_000, 10_000];
/**
 * The maximum CPU time per allocation on the largest fleet, as a multiple of the smallest. Measurements vary by this
 * much.
 */
const FLAT = 1.1;

/** The CPU time of a first deploy for each of its allocations, from 100 to the given number of simulated workers. */
export const scale: Suite = async (largest = 10_000, jobs = 10) => {
  const sizes = [...SIZES.filter((size) => size < largest), largest];
  const rows: Measured[] = [];
  for (const workers of sizes) rows.push(await firstDeploy(workers, jobs, sizes[0] ?? largest));
  return [
    {
      title: `scale: first deploys of ${jobs} jobs, simulated workers, 20 ms for each command; CPU time without the start of maand`,
      rows,
    },
  ];
};

async function firstDeploy(workers: number, jobs: number, fewest: number): Promise<Measured> {
  const name = (count: number) => `first deploy to ${count} workers`;
  const { bucket, run } = await simulatedProcesses(SIMULATION);
  try {
    writeWorkspace(bucket, { workers, jobs });
    await run("build");
    const idle = await run("cat", "jobs");
    const { cpuMs, counts, ...cost } = await run("deploy", "-q");
    if (counts.processes !== workers * jobs)
      throw new Error(`${counts.processes} targets ran, not one for each of ${workers * jobs} allocations`);
    return measuredOf(
      {
        name: name(workers),
        count: workers * jobs,
        by: "cpuMs",
        ...(workers > fewest && { baseline: name(fewest), goal: FLAT }),
      },
      [{ ...cost, cpuMs: cpuMs - idle.cpuMs }],
    );
  } finally {
    bucket.dispose();
  }
}
