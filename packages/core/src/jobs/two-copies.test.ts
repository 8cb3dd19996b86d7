import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBucket } from "../bucket/open.ts";
import { deploy } from "../deploy/deploy.ts";
import { aBucket, type TestBucket } from "../testing/a-bucket.ts";
import { adoptBucket } from "./adopt-bucket.ts";
import { controlJob } from "./control-job.ts";

let one: TestBucket;
let copy: string;
beforeEach(() => {
  one = aBucket();
  one.workers("w1", "w2");
  one.job("api", { version: "1.0.0", selectors: ["worker"] });
  copy = mkdtempSync(join(tmpdir(), "maand-copy-"));
});
afterEach(() => {
  one.dispose();
  rmSync(copy, { recursive: true, force: true });
});

const records = () => ["w1", "w2"].map((host) => one.fleet.fenceOn(host));

/** Opens the other copy, which reaches the same workers. */
async function inCopy<T>(work: (bucket: Awaited<ReturnType<typeof openBucket>>) => Promise<T>): Promise<T> {
  const bucket = await openBucket({
    from: copy,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults: () => [one.fleet.plugin],
    modules: { "@maand/core": () => import("../index.ts"), valibot: () => import("valibot") },
  });
  return work(bucket).finally(() => bucket.close());
}

const FORCED = { jobs: [], force: true, syncOnly: false };
const other = { code: "OTHER_COPY" };

describe("a copy of a bucket", () => {
  it("is refused before it changes anything, and the error names the bucket that it was copied from", async () => {
    await one.ship();
    const before = records();
    cpSync(one.root, copy, { recursive: true, preserveTimestamps: true });
    await expect(inCopy((bucket) => deploy(bucket, FORCED))).rejects.toMatchObject({
      ...other,
      message: expect.stringContaining(`is a copy of the bucket ${one.root} on `),
      hint: expect.stringContaining("maand adopt"),
    });
    const job = { jobs: ["api"], target: "restart", workers: [], healthCheck: false };
    await expect(inCopy((bucket) => controlJob(bucket, job))).rejects.toMatchObject(other);
    expect(records()).toEqual(before);
    await inCopy(async ({ store }) =>
      expect(store.history.list({ limit: 9 }).map(({ command }) => command)).toEqual(["deploy", "build"]),
    );
  });

  it("can deploy after being adopted; the original is then refused with an error that names the copy", async () => {
    await one.ship();
    cpSync(one.root, copy, { recursive: true });
    expect(await inCopy(adoptBucket)).toEqual([
      { host: "w1", state: "own", message: null },
      { host: "w2", state: "own", message: null },
    ]);
    expect((await inCopy((bucket) => deploy(bucket, FORCED))).outcome).toBe("ok");
    const left = records();
    const refused = await one.deploy({ force: true });
    expect(refused.outcome).toBe("failed");
    const messages = refused.allocations.map(({ message }) => message ?? "");
    expect(messages.join("\n")).toContain("was last changed from another copy of this bucket: maand deploy by ");
    expect(messages.join("\n")).toContain(`, in ${copy}, at `);
    expect(records()).toEqual(left);
  });

  it("takes over the later changes of the original if it is adopted again", async () => {
    await one.ship();
    cpSync(one.root, copy, { recursive: true });
    await inCopy(adoptBucket);
    for (let times = 0; times < 5; times += 1) await one.deploy({ force: true });
    expect((await inCopy((bucket) => deploy(bucket, FORCED))).outcome).toBe("failed");
    const adopted = await inCopy(adoptBucket);
    expect(adopted.map(({ state }) => state)).toEqual(["taken", "taken"]);
    expect(adopted[0]?.message).toContain(`maand deploy by `);
    expect((await inCopy((bucket) => deploy(bucket, FORCED))).outcome).toBe("ok");
    expect((await one.deploy({ force: true })).outcome).toBe("failed");
  });
});

it("every deploy is refused if the store is older than the state of the workers", async () => {
  await one.ship();
  const store = join(one.root, "data/maand.db");
  const before = readFileSync(store);
  await one.deploy({ force: true });
  await one.deploy({ force: true });
  // the same file with the same inode, as after the restore of a snapshot
  const { ino } = statSync(store);
  for (const suffix of ["-wal", "-shm"]) rmSync(`${store}${suffix}`, { force: true });
  writeFileSync(store, before);
  expect(statSync(store).ino).toBe(ino);
  for (let times = 0; times < 5; times += 1) {
    const refused = await one.deploy({ force: true });
    expect(refused.allocations.map(({ message }) => message).join("\n")).toContain(
      "is ahead of this bucket, whose store is older",
    );
  }
});

it("a named copy can deploy after being moved, if MAAND_COPY is set", async () => {
  await one.ship();
  process.env.MAAND_COPY = "ci";
  try {
    await expect(one.deploy({ force: true })).rejects.toMatchObject(other);
    cpSync(one.root, copy, { recursive: true });
    await inCopy(adoptBucket);
    expect((await inCopy((bucket) => deploy(bucket, FORCED))).outcome).toBe("ok");
    const again = mkdtempSync(join(tmpdir(), "maand-copy-"));
    cpSync(copy, again, { recursive: true });
    rmSync(copy, { recursive: true });
    copy = again;
    expect((await inCopy((bucket) => deploy(bucket, FORCED))).outcome).toBe("ok");
    delete process.env.MAAND_COPY;
    await expect(inCopy((bucket) => deploy(bucket, FORCED))).rejects.toMatchObject({
      ...other,
      hint: expect.stringContaining("set MAAND_COPY=ci"),
    });
  } finally {
    delete process.env.MAAND_COPY;
  }
});

it("each run has a fence with a higher number and a new holder", async () => {
  await one.ship();
  const first = one.fleet.fenceOn("w1").split("\n")[0];
  await one.deploy({ force: true });
  const second = one.fleet.fenceOn("w1").split("\n")[0];
  expect(Number(second?.split(" ")[0])).toBeGreaterThan(Number(first?.split(" ")[0]));
  expect(second?.split(" ")[1]).not.toBe(first?.split(" ")[1]);
});
