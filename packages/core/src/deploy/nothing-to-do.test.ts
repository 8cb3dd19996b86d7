import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Summary } from "../run-result.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2"];
const [A = "", B = ""] = HOSTS;

/** The contexts of the `commit` taps. */
let summaries: Summary[];
let bucket: TestBucket;

beforeEach(async () => {
  summaries = [];
  bucket = aBucket({
    plugins: [
      { name: "reader", apply: ({ commit }) => commit.tap("reader", ({ summary }) => void summaries.push(summary)) },
    ],
  });
  bucket.workers(...HOSTS);
  for (const job of ["api", "web"]) bucket.job(job, { version: "1.0.0", selectors: ["worker"] });
  await bucket.ship();
});

afterEach(() => bucket.dispose());

const named = (results: readonly { job: string; outcome: string }[] = []) =>
  results.map(({ job, outcome }) => `${outcome} ${job}`).sort();

describe("jobs with nothing to do", () => {
  it("are only counted in run.finished, but listed in the summary", async () => {
    const { allocations } = await bucket.deploy();
    const all = ["skipped api", "skipped api", "skipped web", "skipped web"];
    expect(bucket.events.at(-1)).toMatchObject({ type: "run.finished", outcome: "ok", skipped: 4, allocations: [] });
    expect(named(allocations)).toEqual(all);
    expect(named(summaries.at(-1)?.allocations)).toEqual(all);
  });

  it("are left out of run.finished, which lists all allocations of a job that changed", async () => {
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    bucket.fleet.fail(`restart api@${B}`);
    await bucket.ship();
    bucket.fleet.repair();
    const { allocations } = await bucket.deploy();
    expect(bucket.events.at(-1)).toMatchObject({
      ...{ type: "run.finished", promoted: 1, skipped: 3 },
      allocations: [
        { job: "api", worker_ip: A, outcome: "skipped" },
        { job: "api", worker_ip: B, outcome: "ok" },
      ],
    });
    expect(named(allocations)).toEqual(["ok api", "skipped api", "skipped web", "skipped web"]);
  });

  it("get the number of a new release on all their allocations without any action on the workers", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "_modules/shared.py": "\n" });
    await bucket.build();
    bucket.fleet.done.splice(0);
    await bucket.deploy();
    expect(bucket.fleet.done).toEqual([]);
    const opened = await bucket.open();
    expect(opened.store.releases.hostsOf("api")).toEqual(new Map([[2, HOSTS]]));
    expect(opened.store.releases.find("api", 2)).toMatchObject({ deployed: true, goodAt: expect.any(String) });
    expect(opened.store.releases.hostsOf("web")).toEqual(new Map([[1, HOSTS]]));
    await opened.close();
  });
});
