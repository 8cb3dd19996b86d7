import { scratch } from "../../support/bucket/scratch.ts";
import { type Cost, maandProcess, measuredOf, type Suite } from "../suite.ts";
import { median } from "../table.ts";
import { writeBuild } from "./build.ts";
import { promoteAll } from "./promoted-bucket.ts";

/** The maximum time and memory of a command, as a multiple of the same command for a tenth of the workers. */
const MAX_TIME = 11;
const MAX_MEMORY = 9;

/** Builds, dry runs and deploys without changes, for the given number of workers and for a tenth of them. */
export const large: Suite = async (workers = 10_000, jobs = 50) => {
  const few = Math.ceil(workers / 10);
  const [small, whole] = [await unchanged(few, jobs), await unchanged(workers, jobs)];
  const rows = [...small].flatMap(([name, cost]) => {
    const rowName = (count: number) => `${name}, ${count} workers`;
    const larger = whole.get(name) ?? [];
    const memory = memoryOf(larger) / memoryOf(cost);
    const note = `${memory.toFixed(1)} x memory, goal ${memory <= MAX_MEMORY ? "" : "missed "}${MAX_MEMORY}`;
    return [
      measuredOf({ name: rowName(few) }, cost),
      measuredOf({ name: rowName(workers), baseline: rowName(few), goal: MAX_TIME, by: "cpuMs", note }, larger),
    ];
  });
  return [
    { title: `large: ${few} and ${workers} workers x ${jobs} jobs, nothing changed after the first build`, rows },
  ];
};

function memoryOf(costs: readonly Cost[]): number {
  return median(costs.map(({ mb = 0 }) => mb));
}

async function unchanged(workers: number, jobs: number): Promise<Map<string, Cost[]>> {
  const bucket = await scratch('transport = "local"\n');
  try {
    writeBuild(bucket, workers, jobs);
    const first = [await maandProcess(bucket.root, ["build"])];
    const again = [await maandProcess(bucket.root, ["build"])];
    await promoteAll(bucket.root);
    await maandProcess(bucket.root, ["deploy", "-q"]); // records that all allocations are up to date
    const dry = [await maandProcess(bucket.root, ["deploy", "--dry-run"])];
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
