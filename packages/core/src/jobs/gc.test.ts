import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import { type Collected, gc } from "./gc.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const unreachable = new MaandError({ code: "UNREACHABLE", message: `${B} is off`, worker: B });

let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers(A, B);
  bucket.job("api", { selectors: ["worker"] });
  bucket.job("old", { selectors: ["worker"] });
  await bucket.ship();
});

afterEach(() => bucket.dispose());

async function collect(): Promise<Collected> {
  const maand = await bucket.open();
  return gc(maand).finally(() => maand.close());
}

async function known(): Promise<string[]> {
  const maand = await bucket.open();
  const rows = maand.store.catalog.allocations().map(({ job, host }) => `${job}@${host}`);
  maand.close();
  return rows;
}

describe("gc", () => {
  it("deletes KV keys that were deleted long enough ago, with all their versions", async () => {
    let days = 0;
    const later = aBucket({ now: () => new Date(Date.UTC(2030, 0, 1) + days * 86_400_000) });
    later.workers(A);
    await later.build();
    const bucket = await later.open();
    bucket.kv.put("vars/job/api", "kept", "1");
    for (const value of ["1", "2"]) bucket.kv.put("vars/job/api", "gone", value);
    bucket.kv.remove("vars/job/api", "gone");
    days = 5;
    expect((await gc(bucket, 6)).purgedKeys).toBe(0);
    expect(bucket.kv.entries("vars/job/api").get("gone")).toMatchObject({ deleted: true, version: 3 });
    expect((await gc(bucket, 5)).purgedKeys).toBe(1);
    expect([...bucket.kv.entries("vars/job/api").keys()]).toEqual(["kept"]);
    expect((await gc(bucket, -3)).purgedKeys).toBe(0);
    bucket.close();
    later.dispose();
  });

  it("refuses to delete anything if no deploy has stopped a removed allocation, and names the allocation", async () => {
    bucket.removeJob("old");
    await bucket.build();
    await expect(collect()).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ where: `old on ${A}`, hint: "run maand deploy first" }, { where: `old on ${B}` }],
    });
    expect(await known()).toHaveLength(4);
  });

  it("reports how much it deletes before it deletes more than one allocation", async () => {
    bucket.removeJob("old");
    await bucket.ship();
    bucket.events.length = 0;
    await collect();
    const printed = bucket.events.filter(({ type }) => type === "output" || type === "action.started");
    expect(printed[0]).toMatchObject({
      type: "output",
      line: "deletes the directories of 2 removed allocations on 2 workers, including data and logs",
    });
    expect(printed.slice(1).map(({ type }) => type)).toEqual(["action.started", "action.started"]);
  });

  it("deletes the records of removed allocations, and a second gc finds nothing", async () => {
    bucket.removeJob("old");
    await bucket.ship();
    expect(await collect()).toMatchObject({ failed: [], givenUp: [] });
    expect(await known()).toEqual([`api@${A}`, `api@${B}`]);
    expect((await collect()).forgotten).toEqual([]);
  });

  it("keeps the records of an allocation whose directory cannot be deleted on a worker of the workspace", async () => {
    bucket.removeJob("old");
    await bucket.ship();
    bucket.fleet.fail(`connect ${B}`, unreachable);
    expect((await collect()).failed).toMatchObject([{ allocation: { job: "old", host: B }, message: `${B} is off` }]);
    expect(await known()).toContain(`old@${B}`);
    bucket.fleet.repair();
    await collect();
    expect(await known()).not.toContain(`old@${B}`);
  });

  it("deletes the records of a removed, unreachable worker, even if nothing was stopped there", async () => {
    bucket.workers(A);
    bucket.fleet.fail(`connect ${B}`, unreachable);
    expect((await bucket.ship()).outcome).toBe("failed");
    expect(await known()).toContain(`api@${B}`);
    const printed = bucket.events.length;
    expect((await collect()).givenUp.map(({ job }) => job)).toEqual(["api", "old"]);
    expect(JSON.stringify(bucket.events.slice(printed))).not.toContain("deletes the directories");
    expect(await known()).toEqual([`api@${A}`, `old@${A}`]);
    expect((await bucket.deploy()).outcome).toBe("ok");
  });

  it("keeps disabled allocations", async () => {
    bucket.workers(A);
    await bucket.ship();
    bucket.disable({ jobs: { old: {} } });
    await bucket.ship();
    await collect();
    expect(await known()).toEqual([`api@${A}`, `old@${A}`]);
  });
});
