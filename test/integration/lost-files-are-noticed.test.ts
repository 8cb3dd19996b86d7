import { mkdirSync, mkdtempSync } from "node:fs";
import { aBucket, fakeRemote, type TestBucket } from "@maand/core/testing";
import { examine } from "@maand/plugin-operations";
import { afterEach, beforeEach, expect, it } from "vitest";

const A = "10.0.0.1";

let bucket: TestBucket;
let empty: boolean;
let damaged: boolean;
let tools: string[];

beforeEach(async () => {
  empty = false;
  damaged = false;
  tools = [];
  bucket = aBucket({
    plugins: [
      {
        name: "machines",
        apply(hooks) {
          hooks.connect.tapPromise("machines", async ({ worker: { host } }) =>
            fakeRemote({
              host,
              transport: "fake",
              answers: ({ line }) => {
                if (line.startsWith("cat ")) return empty || damaged ? { code: 1 } : undefined;
                return line.includes("/jobs") && empty ? { code: 3 } : undefined;
              },
            }),
          );
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

async function look(check: string) {
  const maand = await bucket.open();
  const found = await examine(maand).finally(() => maand.close());
  return found.filter((one) => one.check === check);
}

it("doctor tells of a worker that came back empty, and the deploy it advises brings everything and starts it", async () => {
  empty = true;
  expect(await look("sync")).toMatchObject([
    {
      where: A,
      ok: false,
      message: expect.stringContaining("files are gone"),
      hint: expect.stringMatching(/ deploy {2}#/),
    },
  ]);
  await look("sync"); // looking twice notes it once
  expect(JSON.stringify(await bucket.plan())).toContain("its worker lost its files, and what ran of them");
  expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.done).toEqual([`stage ${A}`, `start api@${A}`]);
  await bucket.deploy();
  expect(bucket.fleet.done).toHaveLength(2);
});

it("where only worker.json is gone, it is brought again, and nothing that runs is started", async () => {
  damaged = true;
  expect(await look("sync")).toMatchObject([{ ok: false, message: expect.stringContaining("worker.json is missing") }]);
  expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  expect(bucket.fleet.done.filter((one) => one.startsWith("start"))).toEqual([]);
});

it("a loss is remembered until what ran is started, also when the deploy after it fails", async () => {
  empty = true;
  await look("sync");
  bucket.fleet.fail(`start api@${A}`);
  expect(await bucket.deploy()).toMatchObject({ outcome: "failed" });
  bucket.fleet.repair();
  bucket.fleet.done.length = 0;
  await bucket.deploy();
  expect(bucket.fleet.done).toContain(`start api@${A}`);
});

it("a directory on PATH is no program", async () => {
  const before = process.env.PATH;
  process.env.PATH = mkdtempSync(`${bucket.root}/bin-`);
  mkdirSync(`${process.env.PATH}/rsync`);
  tools = ["rsync"];
  expect(await look("host_tools")).toMatchObject([{ ok: false, message: "rsync is not installed" }]);
  process.env.PATH = before;
});
