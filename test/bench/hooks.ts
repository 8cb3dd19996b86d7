import { spawn } from "node:child_process";
import * as core from "@maand/core/internal";
import { defaults } from "../../packages/cli/src/defaults.ts";
import { scratch } from "../support/bucket/scratch.ts";
import { median, tableOf } from "./table.ts";

const RUNS = 5;

/**
 * Measures the cost of hook processes without their interpreter: runs an empty Python hook for many allocations, and
 * compares it with Python alone.
 */
export async function hooks(allocations = 100, concurrency = 10): Promise<void> {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers(
      ...Array.from({ length: allocations }, (_, at) => ({ host: `127.0.${1 + (at >> 7)}.${1 + (at & 127)}` })),
    );
    bucket.job(
      "api",
      { selectors: ["worker"], commands: { command_nothing: { executed_on: ["cli"] } } },
      { "_modules/command_nothing.py": "", ...Object.fromEntries(manyFiles(200)) },
    );
    await bucket.maand("build");
    const bare: number[] = [];
    const hooked: number[] = [];
    for (let run = 0; run <= RUNS; run += 1) {
      const times = [
        await timed(() => pythons(allocations, concurrency)),
        await timed(() => commands(bucket.root, concurrency)),
      ];
      if (run === 0) continue;
      bare.push(times[0] ?? 0);
      hooked.push(times[1] ?? 0);
    }
    const note = `${(median(hooked) / median(bare)).toFixed(2)} x bare`;
    console.log(
      tableOf([
        { name: `${allocations} x python3 -c 0, ${concurrency} at a time`, ms: bare },
        { name: `${allocations} x an empty hook`, ms: hooked, note },
      ]),
    );
  } finally {
    bucket.dispose();
  }
}

/** Writes many files of a job, because their number must not affect the cost. */
function manyFiles(count: number): [string, string][] {
  return Array.from({ length: count }, (_, at) => [`conf/${at}.conf`, `setting = ${at}\n`.repeat(50)]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function pythons(count: number, concurrency: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await new Promise((resolve, reject) => {
        const child = spawn("python3", ["-c", "0"], { stdio: ["ignore", "pipe", "pipe"] });
        child.on("error", reject).on("close", resolve);
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function commands(root: string, concurrency: number): Promise<void> {
  const maand = await core.openBucket({
    from: root,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults,
    modules: {},
  });
  try {
    const report = await core.runJobCommand(maand, { command: "command_nothing", concurrency });
    const [failure] = report.flatMap((one) => one.failure ?? []);
    if (failure) throw failure;
  } finally {
    maand.close();
  }
}
