import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] as const;
const [A, B, C, D] = HOSTS;

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(...HOSTS);
});

afterEach(() => bucket.dispose());

function job(version: string, more: object = {}, name = "api"): void {
  bucket.job(name, { version, selectors: ["worker"], ...more });
}

async function running(version: string, more: object = {}): Promise<void> {
  job(version, more);
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  bucket.fleet.done.splice(0);
  bucket.events.splice(0);
}

const done = () => bucket.fleet.done.splice(0).filter((what) => !what.startsWith("stage"));
const batches = () =>
  bucket.events.splice(0).flatMap((event) => (event.type === "batch.started" ? [event.workers.join()] : []));

describe("a drain", () => {
  it("of two workers stops only one allocation and reports why, and the other workers are upgraded", async () => {
    await running("1.0.0");
    bucket.disable({ workers: [C, D] });
    job("1.1.0");
    const { outcome, allocations } = await bucket.ship();
    expect(outcome).toBe("failed");
    expect(allocations.find(({ host }) => host === D)).toMatchObject({
      ...{ action: "stop", outcome: "blocked" },
      message: `api may have 1 of 4 allocations unavailable, and ${C} is going down now`,
    });
    expect(done()).toEqual([`stop api@${C}`, `restart api@${A}`, `restart api@${B}`]);
    expect(bucket.fleet.running()).toMatchObject({ [`api@${D}`]: "1.0.0" });
    bucket.disable({ workers: [D] });
    expect(await bucket.ship()).toMatchObject({ outcome: "failed" }); // C is unavailable until this deploy has started it
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.running()).toMatchObject({ [`api@${C}`]: "1.1.0" });
    expect(bucket.fleet.running()[`api@${D}`]).toBeUndefined();
  });

  it("of several workers stops as many allocations as max_unavailable allows", async () => {
    await running("1.0.0", { max_unavailable: "50%" });
    bucket.disable({ workers: [B, C] });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(done()).toEqual([`stop api@${B}`, `stop api@${C}`]);
  });

  it("of a whole job stops all its allocations regardless of the budget", async () => {
    await running("1.0.0", { max_unavailable: 1 });
    bucket.disable({ jobs: { api: {} } });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.running()).toEqual({});
  });

  it("of named allocations is limited only by a budget in the manifest", async () => {
    await running("1.0.0");
    bucket.disable({ jobs: { api: { allocations: [A] } }, workers: [D] });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(done().sort()).toEqual([`stop api@${A}`, `stop api@${D}`]);
    bucket.disable({});
    await running("1.1.0", { max_unavailable: 1 });
    bucket.disable({ jobs: { api: { allocations: [A, B] } } });
    expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
    expect(done()).toEqual([`stop api@${A}`]);
  });

  it("continues with --ignore-budget, and the refusal that was ignored is recorded", async () => {
    await running("1.0.0");
    bucket.disable({ workers: [C, D] });
    const { outcome, warnings } = await bucket.ship({ ignoreBudget: true });
    expect(outcome).toBe("ok");
    const sentence = `api may have 1 of 4 allocations unavailable, and ${C} is going down now`;
    expect(warnings).toEqual([`ignored by --ignore-budget: ${sentence}`]);
    expect(bucket.events.find(({ type }) => type === "budget.ignored")).toMatchObject({ worker: D, message: sentence });
  });
});

describe("an upgrade", () => {
  it("restarts only as many allocations at a time as max_unavailable allows", async () => {
    await running("1.0.0", { max_unavailable: "50%", max_concurrent_upgrades: 4 });
    job("1.1.0", { max_unavailable: "50%", max_concurrent_upgrades: 4 });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(batches()).toEqual([`${A},${B}`, `${C},${D}`]);
  });

  it("is refused while a drained allocation uses up the budget of the manifest", async () => {
    await running("1.0.0", { max_unavailable: 1 });
    bucket.disable({ workers: [D] });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    done();
    job("1.1.0", { max_unavailable: 1 });
    const { outcome, failures } = await bucket.ship();
    expect(outcome).toBe("failed");
    expect(failures).toMatchObject([
      {
        job: "api",
        code: "BUDGET_EXCEEDED",
        message: `api may have 1 of 4 allocations unavailable, and ${D} is drained`,
      },
    ]);
    expect(done()).toEqual([]);
  });

  it("starts with an allocation that is down, even if the records do not mark it as unhealthy", async () => {
    await running("1.0.0", { max_unavailable: 1 });
    bucket.fleet.fail(`verify api@${C}`, new MaandError({ code: "UNHEALTHY", message: "down" }));
    bucket.fleet.onDone = (what) => {
      if (what === `restart api@${C}`) bucket.fleet.repair();
    };
    job("1.1.0", { max_unavailable: 1 });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(done()).toEqual([`restart api@${C}`, `restart api@${A}`, `restart api@${B}`, `restart api@${D}`]);
  });

  it("checks health once before it begins if the manifest has a budget", async () => {
    await running("1.0.0", { max_unavailable: 1 });
    const checks = () => bucket.events.splice(0).filter(({ type }) => type === "health.started").length;
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(checks()).toBe(0);
    job("1.1.0", { max_unavailable: 1 });
    await bucket.ship();
    expect(checks()).toBe(1 + HOSTS.length);
    await running("1.2.0");
    job("1.3.0");
    await bucket.ship();
    expect(checks()).toBe(HOSTS.length);
  });

  it("of a job with a single allocation is allowed", async () => {
    bucket.workers(A);
    await running("1.0.0", { max_unavailable: "25%" });
    job("1.1.0", { max_unavailable: "25%" });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  });
});

describe("jobs that exclude each other", () => {
  const order = () =>
    bucket.events
      .splice(0)
      .flatMap((event) =>
        /^job\.(started|finished)$/.test(event.type) && "job" in event ? [`${event.type} ${event.job}`] : [],
      );

  it("are rolled out one after the other, and other jobs in parallel", async () => {
    for (const name of ["api", "db", "web"])
      job("1.0.0", name === "web" ? {} : { never_with: name === "db" ? ["api"] : [] }, name);
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    const seen = order();
    expect(seen.indexOf("job.started db")).toBeGreaterThan(seen.indexOf("job.finished api"));
    expect(seen.indexOf("job.started web")).toBeLessThan(seen.indexOf("job.finished api"));
  });

  it("cannot be changed while the staged rollout of one of them is paused", async () => {
    const steps = { rollout: { steps: ["1", "pause", "100%"] } };
    for (const name of ["api", "db"]) job("1.0.0", name === "db" ? steps : { never_with: ["db"] }, name);
    await bucket.ship();
    job("2.0.0", steps, "db");
    expect(await bucket.ship()).toMatchObject({ outcome: "paused" });
    done();
    job("2.0.0", { never_with: ["db"] });
    const { failures } = await bucket.ship();
    const message = "api must not be changed together with db, and a staged rollout of db is under way";
    expect(failures).toMatchObject([{ job: "api", code: "BUDGET_EXCEEDED", message }]);
    expect(done()).toEqual([]);
  });
});

describe("a build", () => {
  it.each([
    [{ max_unavailable: 0 }, "0 would never let an allocation be upgraded or drained"],
    [{ max_unavailable: "0%" }, "is not a share of the allocations"],
    [{ max_unavailable: "120%" }, "is not a share of the allocations"],
    [{ never_with: ["dbb"] }, 'there is no job "dbb"'],
    [{ never_with: ["api"] }, "a job cannot exclude itself"],
  ])("refuses %j", async (more, expected) => {
    job("1.0.0", {}, "db");
    job("1.0.0", more);
    await expect(bucket.build()).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [expect.objectContaining({ message: expect.stringContaining(expected) })],
    });
  });
});
