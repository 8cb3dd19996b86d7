import { scratch } from "../../support/bucket/scratch.ts";
import { writeWorkspace } from "../../support/simulated-fleet/index.ts";
import { type SimulatedCost, simulatedProcesses } from "../simulated.ts";
import { type Cost, maandProcess, measuredOf, type Suite, type Table } from "../suite.ts";
import { median } from "../table.ts";
import { writeBuild } from "./build.ts";
import { promoteAll } from "./promoted-bucket.ts";

const SIMULATION = { latencyMs: [1, 20], commandMs: [20, 20] } as const;

/**
 * The CPU time of first deploys for each allocation, from 100 to `most` simulated workers; and builds, deploys and dry
 * runs of `most` workers with 50 jobs, compared with those of a tenth of them.
 */
export const scale: Suite = async (most = 1_000, jobs = 10) => {
  const sizes = [100, 300, 1_000, 3_000, 10_000].filter((size) => size <= most);
  const rows = [];
  const [floor = 0] = sizes;
  for (const workers of sizes) {
    const { cost, eachUs } = await firstDeploy(workers, jobs);
    rows.push({ ...measuredOf({ name: nameOf(workers) }, [cost]), note: `${eachUs} us of CPU for each allocation` });
  }
  const first: Table = {
    title: `scale: first deploys of ${jobs} jobs, simulated workers, 20 ms for each command`,
    rows: rows.map((row) => ({ ...row, floor: nameOf(floor), by: "cpuMs" as const })),
  };
  return [first, await tenfold(most / 10, most)];
};

function nameOf(workers: number): string {
  return `${workers} workers`;
}

async function firstDeploy(workers: number, jobs: number): Promise<{ cost: SimulatedCost; eachUs: number }> {
  const { bucket, run } = await simulatedProcesses(SIMULATION);
  try {
    writeWorkspace(bucket, { workers, jobs });
    const idle = await run("build").then(() => run("cat", "jobs"));
    const cost = await run("deploy", "-q");
    return { cost, eachUs: Math.round(((cost.cpuMs - idle.cpuMs) * 1000) / (workers * jobs)) };
  } finally {
    bucket.dispose();
  }
}

/** Ten times as many workers: at most eleven times the time and nine times the memory. */
async function tenfold(few: number, many: number): Promise<Table> {
  const [small, large] = [await unchanged(few), await unchanged(many)];
  const rows = [...small].flatMap(([name, cost]) => {
    const of = (workers: number) => `${name}, ${workers} workers`;
    const larger = large.get(name) ?? [];
    const mb = (costs: readonly Cost[]) => median(costs.map((one) => one.mb ?? 0));
    const note = `${(mb(larger) / mb(cost)).toFixed(1)} x memory (goal 9)`;
    return [
      measuredOf({ name: of(few) }, cost),
      measuredOf({ name: of(many), floor: of(few), goal: 11, by: "cpuMs", note }, larger),
    ];
  });
  return { title: `scale: ${few} and ${many} workers x 50 jobs, nothing changed after the first build`, rows };
}

async function unchanged(workers: number): Promise<Map<string, Cost[]>> {
  const bucket = await scratch('transport = "local"\n');
  try {
    writeBuild(bucket, workers, 50);
    const first = [await maandProcess(bucket.root, ["build"])];
    const again = [await maandProcess(bucket.root, ["build"])];
    await promoteAll(bucket.root);
    const dry = [await maandProcess(bucket.root, ["deploy", "--dry-run"])];
    await maandProcess(bucket.root, ["deploy", "-q"]);
    const deploy = [await maandProcess(bucket.root, ["deploy", "-q"])];
    return new Map([
      ["first build", first],
      ["unchanged build", again],
      ["dry run", dry],
      ["unchanged deploy", deploy],
    ]);
  } finally {
    bucket.dispose();
  }
}
