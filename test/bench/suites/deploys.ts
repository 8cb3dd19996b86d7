import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SimulatedBucket, simulatedBucket, writeJob } from "../../support/simulated-fleet/index.ts";
import { processesIn } from "../simulated.ts";
import { type Cost, measuredOf, type Suite } from "../suite.ts";
import { columnsOf, type Held, heldBy, NOISE_MB } from "./held.ts";

const FILES = 2;
/** The allowed ratio of late deploys to early ones: two measurements of the same deploy can differ by a tenth. */
const FLAT = 1.1;

/**
 * Many builds and deploys of one changed job in one process, and then some in separate processes on the same bucket.
 * Measures the resources that they keep in use, and whether late deploys take longer than early ones. For comparison, a
 * few separate processes run first, while the bucket is new.
 */
export const deploys: Suite = async (number = 2_000, every = Math.ceil(number / 10), processes = 40) => {
  const temporary = mkdtempSync(join(tmpdir(), "maand-deploys-"));
  const bucket = await simulatedBucket({ workers: 3, jobs: 2, files: FILES });
  const own = await processesIn(bucket.root, {});
  const { TMPDIR } = process.env;
  process.env.TMPDIR = temporary; // set after the bucket is created, so that it contains only the files of deploys
  let version = 0;
  const change = () => writeJob(bucket, 0, `1.0.${++version}`, { files: FILES });
  const asProcesses = async (count: number): Promise<Cost[]> => {
    const costs: Cost[] = [];
    for (let done = 0; done < count; done += 1) {
      change();
      costs.push(await own.run("deploy", "--build", "-q"));
    }
    return costs;
  };
  try {
    const fresh = await asProcesses(processes / 2);
    console.log(columnsOf.head);
    const samples: (readonly [Held, Cost])[] = [];
    for (let done = 0; done < number; done += every) {
      const cost = await inThisProcess(bucket, Math.min(every, number - done), change);
      const held = heldBy(bucket, temporary);
      console.log(columnsOf.line(Math.min(done + every, number), held, cost));
      samples.push([held, cost]);
    }
    const late = await asProcesses(processes / 2);
    const [first = [], last = []] = [samples.slice(1, 2), samples.slice(-1)];
    const name = (which: string) => `${which}, in one process`;
    const process = (which: string) => `${which}, a process each`;
    return [
      {
        title: `deploys: ${number} builds and deploys of a changed job in a row, 3 simulated workers`,
        rows: [
          {
            ...measuredOf(
              { name: name("one deploy in the second tenth") },
              first.map(([, cost]) => cost),
            ),
          },
          {
            ...measuredOf(
              {
                name: name("one deploy in the last tenth"),
                baseline: name("one deploy in the second tenth"),
                goal: FLAT,
                by: "cpuMs",
              },
              last.map(([, cost]) => cost),
            ),
            note: growth(first[0]?.[0], last[0]?.[0]),
          },
          measuredOf({ name: process("one deploy of a new bucket") }, fresh),
          measuredOf(
            {
              name: process(`one deploy after ${number}`),
              baseline: process("one deploy of a new bucket"),
              goal: FLAT,
              by: "cpuMs",
            },
            late,
          ),
        ],
      },
    ];
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    bucket.dispose();
    rmSync(temporary, { recursive: true, force: true });
  }
};

/** Runs some builds and deploys, and returns the average cost of one. */
async function inThisProcess(bucket: SimulatedBucket, count: number, change: () => void): Promise<Cost> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  for (let done = 0; done < count; done += 1) {
    change();
    await bucket.maand("build");
    await bucket.maand("deploy", "-q");
  }
  const { user, system } = process.cpuUsage(cpu);
  return { ms: (performance.now() - began) / count, cpuMs: (user + system) / 1_000 / count };
}

/** A sentence about the resources that deploys keep in use. */
function growth(before: Held | undefined, after: Held | undefined): string {
  if (!before || !after) return "";
  const grown = [
    ...(after.heapMb > before.heapMb + NOISE_MB ? [`heap by ${(after.heapMb - before.heapMb).toFixed(1)} MB`] : []),
    ...(["files", "resources", "connections", "temporary"] as const)
      .filter((what) => after[what] > before[what])
      .map((what) => `${what} by ${after[what] - before[what]}`),
  ];
  return grown.length === 0 ? "nothing grew" : `grew: ${grown.join(", ")}`;
}
