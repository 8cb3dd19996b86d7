import { mkdirSync, mkdtempSync } from "node:fs";
import { aBucket, fakeRemote, type TestBucket } from "@maand/core/testing";
import { examine } from "@maand/plugin-operations/tools";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenedBucket } from "../../packages/core/src/bucket/open.ts";
import { controlJob } from "../../packages/core/src/jobs/control-job.ts";
import { lockBucket } from "../../packages/core/src/run/run.ts";

const A = "10.0.0.1";

let bucket: TestBucket;
let empty: boolean;
let damaged: boolean;
let tools: string[];
/** The `update_seq` in the worker's `worker.json`; undefined for the delivered one. */
let seq: number | undefined;
/** Called after the worker is inspected. */
let moved: () => void;

beforeEach(async () => {
  empty = false;
  damaged = false;
  tools = [];
  seq = undefined;
  moved = () => undefined;
  bucket = aBucket({
    plugins: [
      {
        name: "machines",
        apply(hooks) {
          hooks.connect.tapPromise("machines", async ({ worker: { host }, root }) =>
            fakeRemote({
              host,
              root,
              transport: "fake",
              answers: async ({ line }) => {
                if (line.startsWith("cat ") && !empty && !damaged) return { stdout: await workerJson() };
                if (line.startsWith("cat ")) return { code: 1 };
                return line.includes("/jobs") && empty ? { code: 3 } : undefined;
              },
            }),
          );
          hooks.target.tap("machines", () => "done");
          hooks.examine.tap("machines", ({ needs }) => tools.forEach(needs));
        },
      },
    ],
  });
  bucket.workers(A);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], restart_policy: "never" });
  await bucket.ship();
  bucket.fleet.done.length = 0;
});

afterEach(() => bucket.dispose());

/** The `worker.json` of the worker. */
async function workerJson(): Promise<string> {
  const ours = await bucket.open();
  const [worker] = ours.store.catalog.read().workers;
  ours.close();
  moved();
  return JSON.stringify({ bucket_id: ours.bucketId, worker_id: worker?.workerId, update_seq: seq ?? 1 });
}

async function look(check: string) {
  const maand = await bucket.open();
  const found = await examine(maand).finally(() => maand.close());
  return found.filter((one) => one.check === check);
}

it("doctor reports a worker without files, and the suggested deploy syncs its files and starts its jobs", async () => {
  empty = true;
  expect(await look("sync")).toMatchObject([
    {
      where: A,
      ok: false,
      message: expect.stringContaining("its files were deleted"),
      hint: expect.stringMatching(/ deploy {2}#/),
    },
  ]);
  await look("sync"); // a second check records the loss only once
  expect(JSON.stringify(await bucket.plan())).toContain(
    "its worker lost its files and the processes that ran from them",
  );
  expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.done).toEqual([`stage ${A}`, `start api@${A}`]);
  await bucket.deploy();
  expect(bucket.fleet.done).toHaveLength(2);
});

it("a deploy syncs a missing worker.json again without starting jobs", async () => {
  damaged = true;
  expect(await look("sync")).toMatchObject([{ ok: false, message: expect.stringContaining("worker.json is missing") }]);
  expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.done.filter((one) => one.startsWith("start"))).toEqual([]);
});

it("a loss of files remains recorded until a deploy has started everything again", async () => {
  empty = true;
  await look("sync");
  bucket.fleet.fail(`start api@${A}`);
  expect(await bucket.deploy()).toMatchObject({ outcome: "failed" });
  bucket.fleet.repair();
  bucket.fleet.done.length = 0;
  await bucket.deploy();
  expect(bucket.fleet.done).toContain(`start api@${A}`);
});

describe("an update_seq that differs from the recorded one", () => {
  const status = { jobs: ["api"], target: "status", workers: [], healthCheck: false };

  /** Runs `work` while another command holds the lock of the bucket ("held"), or just after a delivery ("delivered"). */
  async function duringDeploy<T>(
    happening: "held" | "delivered",
    work: (bucket: OpenedBucket) => Promise<T>,
  ): Promise<T> {
    const [ours, theirs] = [await bucket.open(), await bucket.open()];
    const lock = happening === "held" ? lockBucket(theirs, "deploy") : undefined;
    moved = () => {
      if (happening === "held") return;
      theirs.store.deliveries.begin(A);
      theirs.store.deliveries.finish(A, { seq: 9, metadata: "x", tools: undefined });
      theirs.store.deliveries.all(); // deferred writes are executed before anything is read
    };
    try {
      return await work(ours);
    } finally {
      lock?.release();
      ours.close();
      theirs.close();
    }
  }

  beforeEach(() => {
    seq = 9;
  });

  it.each(["held", "delivered"] as const)(
    "does not make the target status fail during a deploy: %s",
    async (happening) => {
      expect(await duringDeploy(happening, (ours) => controlJob(ours, status))).toMatchObject([{ outcome: "ok" }]);
    },
  );

  it.each(["held", "delivered"] as const)("is not a problem for doctor during a deploy: %s", async (happening) => {
    const found = await duringDeploy(happening, (ours) => examine(ours));
    expect(found.filter(({ check, ok }) => check === "sync" && !ok)).toEqual([]);
  });

  it("causes no changes during the next deploy if it was temporary", async () => {
    await duringDeploy("held", (ours) => controlJob(ours, status));
    seq = undefined;
    await bucket.deploy();
    expect(bucket.fleet.done).toEqual([]);
  });

  it("makes the target status fail when no deploy is running, and the next deploy syncs worker.json again", async () => {
    const ours = await bucket.open();
    await expect(controlJob(ours, status)).rejects.toMatchObject({
      code: "OUT_OF_SYNC",
      message: `${A}: update_seq is 9 on the worker, expected 1`,
    });
    ours.close();
    seq = undefined;
    await bucket.deploy();
    expect(bucket.fleet.done).toEqual([`stage ${A}`]);
  });
});

it("doctor does not mistake a directory on PATH for a program", async () => {
  const before = process.env.PATH;
  process.env.PATH = mkdtempSync(`${bucket.root}/bin-`);
  mkdirSync(`${process.env.PATH}/rsync`);
  tools = ["rsync"];
  expect(await look("host_tools")).toMatchObject([{ ok: false, message: "rsync is not installed" }]);
  process.env.PATH = before;
});
