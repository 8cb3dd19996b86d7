import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type SimulatedBucket, simulatedBucket, writeJob } from "../support/simulated-fleet/index.ts";

const FILES = 2;
const MB = 1_000_000;

/**
 * Many builds and deploys of one changed job in one process, and its memory and open files after every `every` of them.
 */
export async function deploys(number = 2_000, every = Math.ceil(number / 10)): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const temporary = mkdtempSync(join(tmpdir(), "maand-deploys-"));
  const bucket = await simulatedBucket({ workers: 3, jobs: 2, files: FILES });
  const { TMPDIR } = process.env;
  process.env.TMPDIR = temporary; // after the bucket was made there, so that it counts what deploys leave behind
  try {
    await bucket.maand("build");
    console.log("deploys  heap MB  files  connections  temporary  store MB  logs MB  CPU ms each");
    let cpu = process.cpuUsage();
    for (let done = 1; done <= number; done += 1) {
      writeJob(bucket, 0, `1.0.${done}`, { files: FILES });
      await bucket.maand("build");
      await bucket.maand("deploy", "-q");
      if (done % every !== 0) continue;
      const { user, system } = process.cpuUsage(cpu);
      collect();
      collect(); // dead buffers are freed by the second one
      console.log(lineOf(done, held(bucket, temporary), (user + system) / 1000 / every));
      cpu = process.cpuUsage();
    }
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    bucket.dispose();
    rmSync(temporary, { recursive: true, force: true });
  }
}

function held(
  { root, fleet }: SimulatedBucket,
  temporary: string,
): readonly (readonly [value: string, width: number])[] {
  return [
    [(process.memoryUsage().heapUsed / MB).toFixed(1), 7],
    [String(readdirSync("/proc/self/fd").length), 5],
    [String(fleet.open), 11],
    [String(readdirSync(temporary).length), 9],
    [(bytesBelow(join(root, "data")) / MB).toFixed(2), 8],
    [(bytesBelow(join(root, "logs")) / MB).toFixed(2), 7],
  ];
}

function bytesBelow(directory: string): number {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function lineOf(done: number, values: ReturnType<typeof held>, cpuMs: number): string {
  const columns = values.map(([value, width]) => value.padStart(width));
  return [String(done).padStart(7), ...columns, cpuMs.toFixed(0).padStart(11)].join("  ");
}
