import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/** Which jobs a failure blocks, and which jobs it does not block. `api` depends on `mid`, and `mid` depends on `db`. */

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;
const after: string[] = [];
const broken = new Set<string>();

beforeEach(() => {
  const listener = definePlugin({
    name: "listener",
    apply(hooks) {
      hooks.afterJob.tap("listener", ({ job }) => void after.push(job.name));
      hooks.started.tap("listener", ({ job }) => {
        if (broken.has(job.name)) throw new Error("it does not respond");
      });
    },
  });
  bucket = aBucket({ plugins: [listener] });
  bucket.workers(A, B, C);
});

afterEach(() => {
  broken.clear();
  bucket.dispose();
});

const ready = { command_ready: { executed_on: ["cli"] } };
const waiting = (job: string) => ({
  ...ready,
  command_wait: { executed_on: ["cli"], demands: { job, command: "command_ready" } },
});

function write(versions: Readonly<Record<"db" | "mid" | "api", string>>): void {
  const commands = { db: ready, mid: waiting("db"), api: waiting("mid") };
  for (const job of ["db", "mid", "api"] as const)
    bucket.job(job, { version: versions[job], selectors: ["worker"], commands: commands[job] });
}

/** Deploys version 1.0.0 of all jobs, and clears the records of that deploy. */
async function shipped(): Promise<void> {
  write({ db: "1.0.0", mid: "1.0.0", api: "1.0.0" });
  await bucket.ship();
  bucket.fleet.done.length = 0;
  after.length = 0;
}

const restarts = () => bucket.fleet.done.splice(0).filter((what) => what.startsWith("restart"));
const unreachable = (host: string) =>
  bucket.fleet.fail(`connect ${host}`, new MaandError({ code: "UNREACHABLE", message: `cannot reach ${host}` }));

describe("a job that failed", () => {
  it("is in the history of the command, and a job that it blocked is not", async () => {
    await shipped();
    write({ db: "2.0.0", mid: "2.0.0", api: "1.0.0" });
    bucket.fleet.fail(`restart db@${A}`);
    expect((await bucket.ship()).blocked).toEqual([{ job: "mid", by: "db" }]);
    const opened = await bucket.open();
    const [entry] = opened.store.history.list({ limit: 1 });
    opened.close();
    expect(entry).toMatchObject({ command: "deploy", jobs: ["db"] });
  });

  it("blocks jobs that depend on it through an unchanged job", async () => {
    await shipped();
    write({ db: "2.0.0", mid: "1.0.0", api: "2.0.0" });
    bucket.fleet.fail(`restart db@${A}`);
    const { blocked } = await bucket.ship();
    expect(blocked).toEqual([{ job: "api", by: "db" }]);
    expect(restarts()).toEqual([]);
  });

  it("blocks jobs that depend on it through a job that was not selected", async () => {
    await shipped();
    write({ db: "2.0.0", mid: "2.0.0", api: "2.0.0" });
    bucket.fleet.fail(`restart db@${A}`);
    const { blocked } = await bucket.ship({ jobs: ["db", "api"] });
    expect(blocked).toEqual([{ job: "api", by: "db" }]);
  });

  it("is reported as the cause only for jobs that depend on it directly", async () => {
    await shipped();
    write({ db: "2.0.0", mid: "2.0.0", api: "2.0.0" });
    bucket.fleet.fail(`restart db@${A}`);
    expect((await bucket.ship()).blocked).toEqual([
      { job: "mid", by: "db" },
      { job: "api", by: "mid" },
    ]);
  });
});

describe("an allocation to be stopped", () => {
  it.each([
    ["its worker was removed", () => bucket.workers(A, B)],
    ["its worker is disabled", () => bucket.disable({ workers: [C] })],
  ])("blocks no job if it is unreachable and %s", async (_, leave) => {
    await shipped();
    leave();
    unreachable(C);
    write({ db: "2.0.0", mid: "2.0.0", api: "2.0.0" });
    const { outcome, blocked } = await bucket.ship();
    expect({ outcome, blocked }).toEqual({ outcome: "failed", blocked: [] });
    expect(restarts()).toEqual(["db", "mid", "api"].flatMap((job) => [`restart ${job}@${A}`, `restart ${job}@${B}`]));
    expect(after).toEqual(["db", "mid", "api"]);
  });

  it("blocks dependent jobs, but no upgrades, if it was removed and cannot be stopped", async () => {
    await shipped();
    bucket.workers(A, B);
    bucket.fleet.fail(`stop db@${C}`);
    write({ db: "2.0.0", mid: "2.0.0", api: "1.0.0" });
    const { outcome, allocations, blocked } = await bucket.ship();
    expect({ outcome, blocked }).toEqual({ outcome: "failed", blocked: [{ job: "mid", by: "db" }] });
    expect(restarts()).toEqual([`restart db@${A}`, `restart db@${B}`]);
    expect(
      allocations.filter(({ job }) => job === "db").map(({ host, action, outcome }) => [host, action, outcome]),
    ).toEqual([
      [C, "remove", "failed"],
      [A, "restart", "ok"],
      [B, "restart", "ok"],
    ]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(restarts()).toEqual([`restart mid@${A}`, `restart mid@${B}`]);
  });

  it("blocks no job if it was disabled and cannot be stopped", async () => {
    await shipped();
    bucket.disable({ jobs: { db: { allocations: [C] } } });
    bucket.fleet.fail(`stop db@${C}`);
    write({ db: "2.0.0", mid: "1.0.0", api: "1.0.0" });
    const { outcome, allocations, blocked } = await bucket.ship();
    expect({ outcome, blocked }).toEqual({ outcome: "failed", blocked: [] });
    expect(restarts()).toEqual([`restart db@${A}`, `restart db@${B}`]);
    expect(allocations.find(({ job, host }) => job === "db" && host === C)).toMatchObject({ outcome: "failed" });
  });

  it("blocks no job if only the deletion of its files fails", async () => {
    await shipped();
    bucket.workers(A, B);
    bucket.fleet.fail(`remove db@${C}`);
    write({ db: "2.0.0", mid: "1.0.0", api: "1.0.0" });
    expect(await bucket.ship()).toMatchObject({ outcome: "failed", warnings: [] });
    expect(restarts()).toEqual([`restart db@${A}`, `restart db@${B}`]);
  });

  it("is reported once, with stop+promote as its action", async () => {
    await shipped();
    bucket.disable({ jobs: { db: { allocations: [C] } } });
    write({ db: "2.0.0", mid: "1.0.0", api: "1.0.0" });
    const { allocations } = await bucket.ship();
    const reported = allocations.filter(({ job, host }) => job === "db" && host === C);
    expect(reported.map(({ action }) => action)).toEqual(["stop+promote"]);
  });
});

it("an allocation whose command ran is reported as failed if a later step fails", async () => {
  await shipped();
  broken.add("db");
  write({ db: "2.0.0", mid: "1.0.0", api: "1.0.0" });
  const { allocations } = await bucket.ship();
  const results = allocations.filter(({ job }) => job === "db");
  expect(results.map(({ host, outcome, message }) => [host, outcome, message])).toEqual([
    [A, "failed", expect.stringContaining("it does not respond")],
    [B, "blocked", undefined],
    [C, "blocked", undefined],
  ]);
  const reasons = (await bucket.plan()).waves[0]?.jobs[0]?.allocations.map(({ decision }) => decision.reasons[0]);
  expect(reasons).toEqual([
    expect.stringContaining("succeeded, but a later step did not"),
    "version 1.0.0 -> 2.0.0",
    "version 1.0.0 -> 2.0.0",
  ]);
});
