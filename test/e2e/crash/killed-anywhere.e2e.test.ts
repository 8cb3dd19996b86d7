import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Store } from "@maand/core";
import { deployments } from "@maand/core/readonly";
import pLimit from "p-limit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linesOf, localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";

const HOSTS = ["127.0.0.11", "127.0.0.12"];
const JOBS = ["api", "web"];
const KILLER = fileURLToPath(new URL("../../support/bucket/kill-at-write.mjs", import.meta.url));
const AT_ONCE = 3;

/** Built and not deployed: every life begins as a copy of it. */
let origin: Scratch;

beforeEach(async () => {
  origin = await scratch('transport = "local"\n');
  origin.workers(...HOSTS.map((host) => ({ host })));
  await build("1.0.0");
});

afterEach(() => origin.dispose());

async function build(version: string): Promise<void> {
  for (const job of JOBS)
    origin.job(
      job,
      { version, selectors: ["worker"], max_concurrent_upgrades: 1 },
      { "conf/app.conf": `version ${version}\n` },
    );
  expect(await origin.maand("build")).toMatchObject({ code: 0 });
}

/** What was run on each allocation so far. */
function lifecycles(bucket: Scratch): Map<string, string[]> {
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
function promoted(bucket: Scratch): string[] {
  const store = Store.open(join(bucket.root, "data/maand.db"));
  const rows = deployments(store).filter(({ rollout }) => rollout === "promoted");
  store.close();
  return rows.map(({ job, host }) => `${job}@${host}`);
}

/** Allocations whose health is still to be asked. */
function healthOwed(bucket: Scratch): number {
  const store = Store.open(join(bucket.root, "data/maand.db"));
  const { size } = store.pendingHealth.all();
  store.close();
  return size;
}

/** How many writes an undisturbed deploy makes. */
async function writesOfOneDeploy(): Promise<number> {
  const bucket = origin.copy();
  const file = join(bucket.root, "writes");
  const { code } = await bucket.start(["deploy"], { preload: [KILLER], env: { MAAND_TEST_COUNT_FILE: file } }).ended;
  expect(code).toBe(0);
  const writes = linesOf(file).length;
  bucket.dispose();
  return writes;
}

/** The promise, for one place to die at: what was promoted by then is not touched again, and everything ends promoted. */
async function survivesDeathAt(write: number, version: string): Promise<void> {
  const bucket = origin.copy();
  const killed = { preload: [KILLER], env: { MAAND_TEST_KILL_AT: String(write) } };
  expect(await bucket.start(["deploy"], killed).ended).toMatchObject({ signal: "SIGKILL" });
  const kept = promoted(bucket);
  const before = lifecycles(bucket);
  expect(healthOwed(bucket)).toBe(0); // these jobs have no checks
  expect(await bucket.maand("deploy"), `after death at write ${write}`).toMatchObject({ code: 0 });
  expect(promoted(bucket).length).toBe(JOBS.length * HOSTS.length);
  const after = lifecycles(bucket);
  for (const allocation of kept)
    expect(after.get(allocation), `${allocation} after death at write ${write}`).toEqual(before.get(allocation));
  for (const job of JOBS) {
    for (const host of HOSTS) {
      const directory = localJob(bucket, host, job) ?? "";
      expect(readFileSync(join(directory, "conf/app.conf"), "utf8")).toBe(`version ${version}\n`);
      expect(existsSync(join(directory, "Makefile"))).toBe(true);
    }
  }
  bucket.dispose();
}

async function survivesDeathAnywhere(version: string): Promise<void> {
  const writes = await writesOfOneDeploy();
  expect(writes).toBeGreaterThan(20);
  const limit = pLimit(AT_ONCE);
  await Promise.all(Array.from({ length: writes }, (_, at) => limit(() => survivesDeathAt(at + 1, version))));
}

describe("a deploy killed between any two writes of its store", () => {
  it("is continued by the next one, when it was the first", () => survivesDeathAnywhere("1.0.0"), 300_000);

  it("is continued by the next one, when it was an upgrade", async () => {
    expect(await origin.maand("deploy")).toMatchObject({ code: 0 });
    await build("2.0.0");
    await survivesDeathAnywhere("2.0.0");
  }, 300_000);
});
