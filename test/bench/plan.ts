import { MAAND } from "../support/bucket/maand.ts";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { promoteAll, writeLarge } from "./large-bucket.ts";
import { measure, type Took } from "./process.ts";
import { type Measured, median, tableOf } from "./table.ts";

const RUNS = 3;

/**
 * Making and carrying out a plan of an unchanged bucket, held against a dry run of it, by turns in the same run: whole processes,
 * without and with templates. Nothing is sent to workers: the allocations are recorded as promoted.
 */
export async function plan(workers = 1000, jobs = 50): Promise<void> {
  for (const template of [false, true]) {
    const bucket = await scratch('transport = "local"\n');
    try {
      writeLarge(bucket, { workers, jobs, template });
      await must(bucket, "build");
      await promoteAll(bucket.root);
      const rows = await measured(bucket);
      console.log(
        `${workers} workers x ${jobs} jobs, unchanged, ${template ? "a" : "no"} template each\n${tableOf(rows)}`,
      );
    } finally {
      bucket.dispose();
    }
  }
}

async function measured(bucket: Scratch): Promise<Measured[]> {
  const lines = {
    "dry run": ["deploy", "--dry-run"],
    "make a plan": ["plan", "--out", "plan.json"],
    "carry out the plan": ["deploy", "-q", "--plan", "plan.json"],
    "unchanged deploy": ["deploy", "-q"],
  };
  const took = new Map<string, Took[]>();
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, args] of Object.entries(lines)) {
      const one = await must(bucket, ...args);
      if (run > 0) took.set(name, [...(took.get(name) ?? []), one]);
    }
  }
  return [...against("wall", took, ({ ms }) => ms), ...against("CPU", took, ({ cpuMs }) => cpuMs)];
}

/** The times of one clock, each held against the dry run; and making and carrying out together, run by run. */
function against(clock: string, took: ReadonlyMap<string, readonly Took[]>, of: (took: Took) => number): Measured[] {
  const times = new Map([...took].map(([name, all]) => [name, all.map(of)]));
  const made = times.get("make a plan") ?? [];
  const carriedOut = times.get("carry out the plan") ?? [];
  times.set(
    "both",
    made.map((ms, at) => ms + (carriedOut[at] ?? Number.NaN)),
  );
  const dry = median(times.get("dry run") ?? []);
  return [...times].map(([name, ms]) => ({
    name: `${name}, ${clock}`,
    ms,
    note: `${(median(ms) / dry).toFixed(2)} x dry run`,
  }));
}

async function must(bucket: Scratch, ...args: readonly string[]): Promise<Took> {
  const took = await measure([process.execPath, MAAND, ...args], bucket.root);
  if (took.code !== 0) throw new Error(`${args.join(" ")} ended with ${took.code}:\n${took.stderr.slice(-2000)}`);
  return took;
}
