import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAAND } from "../support/bucket/maand.ts";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../support/fleet/index.ts";
import { floorOf } from "./floor.ts";
import { measure } from "./process.ts";
import { type Measured, tableOf } from "./table.ts";

const MAKEFILE = "start stop restart reload:\n\t@:\n";

/** Deploys `jobs` jobs to `count` real sshd workers and prints the times next to a floor measured in the same run. */
export async function deploy(count = 64, jobs = 10): Promise<void> {
  await withFleet({ count }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      for (let job = 0; job < jobs; job += 1) writeJob(bucket, job, "1.0.0");
      const floor = await floorOf(fleet, jobs);
      const rows = await deploys(bucket, jobs);
      console.log(`${count} workers x ${jobs} jobs\n${tableOf([...floor, ...rows])}`);
    } finally {
      bucket.dispose();
    }
  });
}

export function writeJob(bucket: Scratch, job: number, version: string): void {
  const directory = join(bucket.root, "workspace/jobs", `job${job}`);
  mkdirSync(join(directory, "conf"), { recursive: true });
  writeFileSync(
    join(directory, "manifest.json"),
    JSON.stringify({ version, selectors: ["worker"], max_concurrent_upgrades: 64 }),
  );
  writeFileSync(join(directory, "Makefile"), MAKEFILE);
  for (let file = 0; file < 5; file += 1)
    writeFileSync(join(directory, "conf", `${file}.conf`), `setting = ${job}.${file}\n`.repeat(50));
}

async function deploys(bucket: Scratch, jobs: number): Promise<Measured[]> {
  const run = async (name: string, ...args: readonly string[]): Promise<Measured> => {
    const { ms, mb, code, stderr } = await measure([process.execPath, MAAND, ...args], bucket.root);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${stderr.slice(-2000)}`);
    return { name, ms: [ms], note: `${mb.toFixed(0)} MB` };
  };
  const built = await run("maand build", "build");
  const first = await run("first deploy", "deploy", "-q");
  const unchanged = await run("unchanged deploy", "deploy", "-q");
  const dry = await run("dry run", "deploy", "--dry-run");
  writeJob(bucket, jobs - 1, "2.0.0");
  await run("build again", "build");
  const changed = await run("one job changed", "deploy", "-q");
  return [built, first, unchanged, dry, changed];
}

export type { Fleet };
