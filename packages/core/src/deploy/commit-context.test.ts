import { afterEach, beforeEach, expect, it } from "vitest";
import type { CommitContext } from "../plugin-api/contexts/recorded-context.ts";
import { aBucket, type TestBucket } from "../testing/a-bucket.ts";

let bucket: TestBucket;
let seen: (context: CommitContext) => unknown;
let results: unknown[];

beforeEach(() => {
  results = [];
  bucket = aBucket({
    plugins: [
      { name: "reader", apply: ({ commit }) => commit.tap("reader", (context) => void results.push(seen(context))) },
    ],
  });
  bucket.workers("10.0.0.1", "10.0.0.2");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "conf/a.txt": "one" });
});

afterEach(() => bucket.dispose());

/** The text of `conf/a.txt` as it is recorded for each allocation. */
const texts = ({ allocations, promotedFiles, readPromoted }: CommitContext) =>
  allocations.map((allocation) => {
    const file = promotedFiles(allocation).find(({ path }) => path === "conf/a.txt");
    return file && Buffer.from(readPromoted(file) ?? []).toString();
  });

it("commit receives the files that run now, not the files of the build", async () => {
  seen = texts;
  await bucket.ship();
  bucket.write("jobs/api/conf/a.txt", "two");
  bucket.fleet.fail("restart api@10.0.0.2");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 }, { "conf/a.txt": "two" });
  expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
  expect(results).toEqual([
    ["one", "one"],
    ["two", "one"],
  ]);
});

it("commit receives no files of an allocation that was never promoted", async () => {
  seen = texts;
  bucket.fleet.fail("start api@10.0.0.1");
  bucket.fleet.fail("start api@10.0.0.2");
  await bucket.ship();
  expect(results).toEqual([[undefined, undefined]]);
});

it("commit receives the jobs, the time and the KV entries that each job may read", async () => {
  seen = ({ jobs, kv, now }) => [
    jobs.map((job) => [job.name, kv(job).get("maand/job/api", "version")]),
    now() instanceof Date,
  ];
  await bucket.ship();
  expect(results).toEqual([[[["api", "1.0.0"]], true]]);
});
