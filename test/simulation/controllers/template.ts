import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { initBucket } from "../../../packages/core/src/bucket/init.ts";
import { openBucket } from "../../../packages/core/src/bucket/open.ts";
import { build } from "../../../packages/core/src/build/build.ts";
import { bucketPaths } from "../../../packages/core/src/config/find-bucket.ts";
import { moveToDatabase } from "../../../packages/core/src/store/team/move.ts";
import { make } from "../../../packages/plugin-make/src/index.ts";
import { DatabaseLink } from "../database/database-link.ts";
import { SimulatedDatabase } from "../database/simulated-database.ts";
import { VERSION_FILE } from "../workers/plugin.ts";
import { SimulatedProcess } from "../world/process.ts";
import { simulateTime } from "../world/simulated-time.ts";
import { World } from "../world/world.ts";

export const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
export const JOBS = ["api", "web"] as const;
export const URL = "postgres://maand@database.invalid/maand";
/** The date and time at which simulations begin. */
export const BEGIN = Date.parse("2030-01-01T00:00:00.000Z");
export const MODULES = {
  "@maand/core": () => import("../../../packages/core/src/index.ts"),
  valibot: () => import("valibot"),
};

/** At most one allocation of a job may be down. */
export const BUDGET = 1;

/** The bucket with which every simulation begins. It is built once, and its rows are in a database. */
export interface Template {
  readonly root: string;
  readonly bucketId: string;
  readonly database: SimulatedDatabase;
}

export async function makeTemplate(root: string): Promise<Template> {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const world = new World(0);
  const process = new SimulatedProcess("template");
  const stop = simulateTime(world);
  try {
    world.current = process;
    const { bucketId } = initBucket(root);
    writeFileSync(join(root, "maand.conf"), 'transport = "simulated"\n');
    write(root, "workers.json", JSON.stringify(HOSTS.map((host) => ({ host }))));
    for (const job of JOBS) writeJob(root, job, 0);
    world.current = undefined; // because the build reads real files
    const bucket = await openBucket({
      ...{ from: root, now: () => new Date(BEGIN), signal: new AbortController().signal, pid: globalThis.process.pid },
      ...{ defaults: () => [make()], modules: MODULES },
    });
    await build(bucket);
    await bucket.close();
    const database = new SimulatedDatabase();
    const faults = { reaches: () => true, areOn: false, kill: false };
    const shared = {
      ...{ url: URL, password: undefined, timeoutMs: 1000, now: () => new Date(BEGIN).toISOString() },
      connect: (target, patience) => new DatabaseLink({ world, process, database, faults }, { target, patience }),
    } satisfies Parameters<typeof moveToDatabase>[1];
    const paths = bucketPaths(root);
    const { kept } = moveToDatabase(paths.store, shared);
    if (kept) rmSync(kept);
    writeFileSync(paths.conf, `transport = "simulated"\nstore = "${URL}"\n`);
    return { root, bucketId, database };
  } finally {
    stop();
  }
}

/** Writes a version of a job into the workspace, as after a pull. */
export function writeJob(root: string, job: string, version: number): void {
  const manifest = {
    ...{ version: `1.${version}.0`, selectors: ["worker"], max_concurrent_upgrades: 2, max_unavailable: BUDGET },
  };
  write(root, `jobs/${job}/manifest.json`, JSON.stringify(manifest));
  write(root, `jobs/${job}/Makefile`, "start stop restart reload:\n");
  write(root, `jobs/${job}/${VERSION_FILE}`, `1.${version}.0\n`);
}

function write(root: string, path: string, text: string): void {
  const file = join(root, "workspace", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
