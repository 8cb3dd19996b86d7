import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deployments, Store } from "@maand/core";
import { afterEach, describe, expect, it } from "vitest";
import { linesOf, localJob, type Scratch, scratch } from "./bucket/scratch.ts";

const HOSTS = ["127.0.0.11", "127.0.0.12"];
const JOBS = ["api", "web"];
const KILLER = fileURLToPath(new URL("bucket/kill-at-write.mjs", import.meta.url));

let bucket: Scratch;

afterEach(() => bucket.dispose());

async function freshBucket(): Promise<void> {
  bucket = await scratch('transport = "local"\n');
  bucket.workers(...HOSTS.map((host) => ({ host })));
}

function writeJobs(version: string): void {
  for (const job of JOBS)
    bucket.job(
      job,
      { version, selectors: ["worker"], max_concurrent_upgrades: 1 },
      { "conf/app.conf": `version ${version}\n` },
    );
}

/** What was run on each allocation so far. */
function lifecycles(): Map<string, string[]> {
  return new Map(
    JOBS.flatMap((job) =>
      HOSTS.map((host): [string, string[]] => [
        `${job}@${host}`,
        linesOf(join(localJob(bucket, host, job) ?? "", "data/lifecycle")),
      ]),
    ),
  );
}

/** Allocations the store says are promoted. */
function promoted(): string[] {
  const store = Store.open(join(bucket.root, "data/maand.db"));
  const rows = deployments(store).filter(({ rollout }) => rollout === "promoted");
  store.close();
  return rows.map(({ job, host }) => `${job}@${host}`);
}

/** How many writes an undisturbed deploy makes. */
async function writesOfOneDeploy(): Promise<number> {
  const file = join(bucket.root, "writes");
  const { code } = await bucket.start(["deploy"], { preload: [KILLER], env: { MAAND_TEST_COUNT_FILE: file } }).ended;
  expect(code).toBe(0);
  return linesOf(file).length;
}

async function killedAt(write: number): Promise<void> {
  const ended = await bucket.start(["deploy"], { preload: [KILLER], env: { MAAND_TEST_KILL_AT: String(write) } }).ended;
  expect(ended.signal).toBe("SIGKILL");
}

/** The promise, for one place to die at: what was promoted by then is not touched again, and everything ends promoted. */
async function surviveDeathAt(write: number, version: string): Promise<void> {
  await killedAt(write);
  const kept = promoted();
  const before = lifecycles();
  const again = await bucket.maand("deploy");
  expect(again, `after death at write ${write}`).toMatchObject({ code: 0 });
  expect(promoted().length).toBe(JOBS.length * HOSTS.length);
  for (const allocation of kept)
    expect(lifecycles().get(allocation), `${allocation} after death at write ${write}`).toEqual(before.get(allocation));
  for (const job of JOBS) {
    for (const host of HOSTS) {
      const directory = localJob(bucket, host, job) ?? "";
      expect(readFileSync(join(directory, "conf/app.conf"), "utf8")).toBe(`version ${version}\n`);
      expect(existsSync(join(directory, "Makefile"))).toBe(true);
    }
  }
}

describe("a deploy killed between any two writes of its store", () => {
  it("is continued by the next one, when it was the first", async () => {
    await freshBucket();
    writeJobs("1.0.0");
    await bucket.maand("build");
    const untouched = `${bucket.root}.built`;
    cpSync(bucket.root, untouched, { recursive: true });
    const writes = await writesOfOneDeploy();
    expect(writes).toBeGreaterThan(20);
    for (let write = 1; write <= writes; write += 1) {
      rmSync(bucket.root, { recursive: true });
      cpSync(untouched, bucket.root, { recursive: true });
      await surviveDeathAt(write, "1.0.0");
    }
    rmSync(untouched, { recursive: true });
  }, 300_000);

  it("is continued by the next one, when it was an upgrade", async () => {
    await freshBucket();
    writeJobs("1.0.0");
    await bucket.maand("deploy", "--build");
    writeJobs("1.0.1");
    await bucket.maand("build");
    const writes = await writesOfOneDeploy();
    expect(writes).toBeGreaterThan(20);
    for (let write = 2; write <= writes; write += 1) {
      const version = `2.0.${write}`;
      writeJobs(version);
      await bucket.maand("build");
      await surviveDeathAt(write, version);
    }
  }, 300_000);
});
