import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MaandError } from "@maand/core";
import type { TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ALL_RUN,
  aMaintainedBucket,
  COMMAND,
  HOSTS,
  IN_ORDER,
  type MaintainedBucket,
  SHUTDOWN,
  states,
} from "./maintained.test.support.ts";

let bucket: TestBucket;
let { maintain, resume, abort, mayBeAway, doneOn, opened }: Omit<MaintainedBucket, "bucket"> = Object.create(null);

beforeEach(async () => {
  ({ bucket, maintain, resume, abort, mayBeAway, doneOn, opened } = await aMaintainedBucket());
});

afterEach(() => bucket.dispose());

describe("maand maintain", () => {
  it("handles one worker at a time: stops jobs in reverse wave order, runs the command, reboots, and starts the jobs", async () => {
    const before = HOSTS.map(bucket.fleet.bootId);
    const report = await maintain({ command: "apt-get -y upgrade", reboot: true });
    expect(report).toMatchObject({ outcome: "ok", isOver: true });
    expect(HOSTS.map(doneOn)).toEqual(HOSTS.map(() => IN_ORDER));
    expect(bucket.fleet.done.map((what) => what.split(/[@ ]/).at(-1))).toEqual(
      HOSTS.flatMap((host) => IN_ORDER.map(() => host)),
    );
    expect(HOSTS.map(bucket.fleet.bootId).some((id, at) => id === before[at])).toBe(false);
    expect(bucket.fleet.running()).toEqual(ALL_RUN);
    bucket.fleet.done.length = 0;
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok", warnings: [] });
    expect(bucket.fleet.done).toEqual([]);
  });

  it("first reports the number of workers", async () => {
    await maintain();
    const types = bucket.events.map(({ type }) => type);
    expect(bucket.events.find(({ type }) => type === "maintenance.planned")).toMatchObject({
      workers: HOSTS,
      concurrency: 1,
    });
    expect(types.indexOf("maintenance.planned")).toBeLessThan(types.indexOf("action.started"));
  });

  it("starts no disabled allocations, and does not change disabled.json", async () => {
    await mayBeAway(2);
    bucket.disable({ jobs: { api: { allocations: ["10.0.0.2"] } } });
    const disabled = () => readFileSync(join(bucket.root, "workspace/disabled.json"), "utf8");
    const before = disabled();
    await bucket.ship();
    bucket.fleet.done.length = 0;
    expect(await maintain()).toMatchObject({ outcome: "ok" });
    expect(disabled()).toBe(before);
    expect(doneOn("10.0.0.2")).toEqual(["stop db", SHUTDOWN, "start db"]);
    expect(bucket.fleet.running()["api@10.0.0.2"]).toBeUndefined();
  });

  it("does not start allocations that were stopped manually", async () => {
    await mayBeAway(2);
    const { controlJob } = await import("@maand/core/internal");
    const byHand = { jobs: ["api"], target: "stop", workers: ["10.0.0.1"], healthCheck: false };
    await opened((open) => controlJob(open, { ...byHand, ignoreBudget: false }));
    bucket.fleet.done.length = 0;
    bucket.fleet.fail("verify api@10.0.0.1");
    expect(await maintain({ reboot: true }, ["10.0.0.1"])).toMatchObject({ outcome: "ok" });
    expect(doneOn("10.0.0.1")).toEqual(["stop db", SHUTDOWN, "start db"]);
    await opened(async ({ store }) => expect(store.downtimes.all()).toMatchObject([{ kind: "stop" }]));
  });

  it.each([
    ["an empty selector", [], { code: "USAGE" }],
    ["an unknown worker", ["10.0.0.9"], { code: "PROBLEMS" }],
    ["a label that no worker has", ["label:none"], { code: "PROBLEMS", problems: [{ code: "empty_selection" }] }],
  ])("refuses %s, and changes nothing", async (_, workers, error) => {
    await expect(maintain({ reboot: true }, workers)).rejects.toMatchObject(error);
    expect(bucket.fleet.done).toEqual([]);
    await expect(resume()).rejects.toMatchObject({ problems: [{ code: "no_maintenance" }] });
  });

  it("is refused while other maintenance is in progress", async () => {
    await maintain({ keepDrained: true }, ["10.0.0.1"]);
    await expect(maintain()).rejects.toMatchObject({ problems: [{ code: "maintenance_open" }] });
    expect(await resume()).toMatchObject({ isOver: true });
    expect(await maintain()).toMatchObject({ outcome: "ok" });
  });
});

describe("the availability budget", () => {
  it("limits a job to one worker out of service at a time, regardless of the concurrency", async () => {
    const away = new Set<string>();
    let most = 0;
    bucket.fleet.onDone = (what) => {
      const [action, unit] = what.split(" ");
      if (action === "stop") away.add(unit ?? "");
      if (action === "start") away.delete(unit ?? "");
      most = Math.max(most, new Set([...away].map((one) => one.split("@")[1])).size);
    };
    expect(await maintain({ reboot: true, concurrency: 3 })).toMatchObject({ outcome: "ok" });
    expect(most).toBe(1);
  });

  it("allows several workers out of service at a time if it is larger", async () => {
    await mayBeAway(2);
    const underWay = new Set<string>();
    let most = 0;
    bucket.fleet.onDo = async (what) => {
      const host = what.split(/[@ ]/).at(-1) ?? "";
      if (what.startsWith("stop")) underWay.add(host);
      most = Math.max(most, underWay.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (what.startsWith("start")) underWay.delete(host);
    };
    expect(await maintain({ reboot: true, concurrency: 3 })).toMatchObject({ outcome: "ok" });
    expect(most).toBe(2);
  });

  it("prevents maintenance from starting while a job is unhealthy on another worker", async () => {
    bucket.fleet.fail("verify api@10.0.0.3");
    const report = await maintain({ reboot: true }, ["10.0.0.1"]);
    expect(report).toMatchObject({
      outcome: "failed",
      isOver: false,
      message: expect.stringContaining("10.0.0.3 is unhealthy"),
    });
    expect(states(report)).toEqual(["waiting"]);
    expect(bucket.fleet.done).toEqual([]);
    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok" });
  });
});

describe("a worker that fails during maintenance", () => {
  it.each([
    ["cannot be reached", "connect 10.0.0.2", "drain", []],
    ["does not stop", "stop db@10.0.0.2", "drain", ["stop api"]],
    ["fails in its command", `${COMMAND} 10.0.0.2`, "command", ["stop api", "stop db"]],
    ["refuses to reboot", `${SHUTDOWN} 10.0.0.2`, "reboot", ["stop api", "stop db", COMMAND]],
    ["does not start", "start db@10.0.0.2", "start", ["stop api", "stop db", COMMAND, SHUTDOWN]],
    [
      "is not healthy",
      "verify api@10.0.0.2",
      "start",
      ["stop api", "stop db", COMMAND, SHUTDOWN, "start db", "start api"],
    ],
  ])(
    "is set aside because it %s; no other worker begins, and a resume does the remaining steps",
    async (_, what, phase, done) => {
      const failing = () => {
        if (what.startsWith("verify")) bucket.fleet.fail(what);
        else
          bucket.fleet.fail(
            what,
            new MaandError({
              code: what.startsWith("connect") ? "UNREACHABLE" : "COMMAND_FAILED",
              message: "no",
              exit: 9,
            }),
          );
      };
      bucket.fleet.onDo = (now) => {
        if (now === "start api@10.0.0.1" || (what.startsWith("verify") && now === "start api@10.0.0.2")) failing();
        if (what.startsWith("verify") && now === "start api@10.0.0.1") bucket.fleet.repair();
      };
      const report = await maintain({ command: "apt-get -y upgrade", reboot: true });
      expect(report).toMatchObject({ outcome: "failed", isOver: false });
      expect(states(report)).toEqual(["done", "set_aside", "waiting"]);
      expect(report.workers[1]).toMatchObject({ phase, message: expect.any(String) });
      expect(doneOn("10.0.0.2")).toEqual(done);
      expect(doneOn("10.0.0.3")).toEqual([]);

      bucket.fleet.repair();
      bucket.fleet.onDo = () => undefined;
      expect(await resume()).toMatchObject({ outcome: "ok", isOver: true });
      expect(HOSTS.map(doneOn)).toEqual(HOSTS.map(() => IN_ORDER));
      expect(bucket.fleet.running()).toEqual(ALL_RUN);
    },
  );

  it("does not stop the maintenance with `continue`, but uses the budget of its jobs", async () => {
    bucket.fleet.fail(`${SHUTDOWN} 10.0.0.1`);
    const report = await maintain({ reboot: true, onFailure: "continue" });
    expect(states(report)).toEqual(["set_aside", "waiting", "waiting"]);
    expect(report.message).toContain("10.0.0.1 is unavailable because of maintenance");
  });

  it("counts once for the whole maintenance, not once for each run", async () => {
    await mayBeAway(3);
    for (const host of ["10.0.0.1", "10.0.0.2"]) bucket.fleet.fail(`${SHUTDOWN} ${host}`);
    expect(states(await maintain({ reboot: true, onFailure: 2 }))).toEqual(["set_aside", "set_aside", "waiting"]);
    expect(states(await resume())).toEqual(["set_aside", "set_aside", "waiting"]);
    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok" });
  });
});

describe("a worker in maintenance", () => {
  beforeEach(() => {
    bucket.fleet.fail(`${SHUTDOWN} 10.0.0.1`);
  });

  it("is skipped by deploys with a warning, and is updated by the deploy after its maintenance", async () => {
    await maintain({ reboot: true }, ["10.0.0.1"]);
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    bucket.removeJob("db");
    bucket.fleet.done.length = 0;
    await bucket.build();
    const plan = await bucket.plan();
    expect(plan.maintenance).toEqual([expect.stringContaining("10.0.0.1 is in maintenance")]);
    const summary = await bucket.deploy();
    expect(summary).toMatchObject({ outcome: "ok", warnings: [expect.stringContaining("10.0.0.1 is in maintenance")] });
    expect(doneOn("10.0.0.1")).toEqual([]);
    expect(bucket.fleet.running()).toEqual({ "api@10.0.0.2": "2.0.0", "api@10.0.0.3": "2.0.0" });

    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.running()).toMatchObject({ "api@10.0.0.1": "1.0.0" });
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok", warnings: [] });
    expect(bucket.fleet.running()).toEqual(Object.fromEntries(HOSTS.map((host) => [`api@${host}`, "2.0.0"])));
  });

  it("does not start a job that was disabled in the meantime", async () => {
    await maintain({ reboot: true }, ["10.0.0.1"]);
    bucket.disable({ jobs: { api: {} } });
    await bucket.build();
    bucket.fleet.repair();
    expect(await resume()).toMatchObject({ outcome: "ok" });
    expect(doneOn("10.0.0.1")).toEqual(["stop api", "stop db", SHUTDOWN, "start db"]);
  });

  it("is skipped by health checks, and refuses manual commands", async () => {
    await maintain({ reboot: true }, ["10.0.0.1"]);
    const { healthCheck } = await import("@maand/core/internal");
    const { controlJob } = await import("@maand/core/internal");
    bucket.fleet.fail("verify api@10.0.0.1");
    const checked = await opened((open) => healthCheck(open, { jobs: ["api"], wait: false }));
    expect(checked.jobs).toMatchObject([{ outcome: "passed" }]);
    const byHand = { jobs: ["api"], target: "restart", workers: ["10.0.0.1"], healthCheck: false };
    await expect(opened((open) => controlJob(open, byHand))).rejects.toMatchObject({
      problems: [{ code: "in_maintenance" }],
    });
  });
});

describe("maand maintain abort", () => {
  it("starts only the jobs that the maintenance stopped, and skips the remaining steps", async () => {
    bucket.disable({ jobs: { db: { allocations: ["10.0.0.1"] } } });
    await bucket.ship();
    bucket.fleet.fail(`${SHUTDOWN} 10.0.0.1`);
    await maintain({ reboot: true });
    bucket.fleet.done.length = 0;
    const report = await abort();
    expect(report).toMatchObject({ outcome: "aborted", isOver: true, message: undefined });
    expect(bucket.fleet.running()["db@10.0.0.1"]).toBeUndefined();
    expect(states(report)).toEqual(["aborted", "aborted", "aborted"]);
    expect(bucket.fleet.done.filter((what) => what.startsWith("start"))).toEqual(["start api@10.0.0.1"]);
    await expect(resume()).rejects.toMatchObject({ problems: [{ code: "no_maintenance" }] });
    bucket.fleet.repair();
    expect(await maintain({ reboot: true }, ["10.0.0.1"])).toMatchObject({ outcome: "ok" });
  });

  it("ends maintenance even if a worker is unreachable; the next deploy starts its jobs", async () => {
    bucket.fleet.onDone = (what) => {
      if (what === `${SHUTDOWN} 10.0.0.1`)
        bucket.fleet.fail("connect 10.0.0.1", new MaandError({ code: "UNREACHABLE", message: "gone" }));
    };
    expect(states(await maintain({ reboot: true }))).toEqual(["set_aside", "waiting", "waiting"]);
    const report = await abort();
    expect(report).toMatchObject({ isOver: true, message: expect.stringContaining("maand deploy starts them") });
    bucket.fleet.repair();
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.running()).toEqual(ALL_RUN);
  });
});

describe("workers in maintenance with --keep-drained", () => {
  it("stay drained, and keep using the budget", async () => {
    const report = await maintain({ keepDrained: true }, ["10.0.0.1", "10.0.0.2"]);
    expect(states(report)).toEqual(["drained", "waiting"]);
    expect(report.message).toContain("10.0.0.1 is unavailable because of maintenance");
    expect(await abort()).toMatchObject({ isOver: true });
    expect(bucket.fleet.running()).toEqual(ALL_RUN);
  });

  it("get their jobs started by a resume once nothing else remains", async () => {
    expect(await maintain({ keepDrained: true, command: "true" }, ["10.0.0.1"])).toMatchObject({
      outcome: "ok",
      isOver: false,
    });
    expect(doneOn("10.0.0.1")).toEqual(["stop api", "stop db", COMMAND]);
    expect(await resume()).toMatchObject({ outcome: "ok", isOver: true });
    expect(doneOn("10.0.0.1")).toEqual(["stop api", "stop db", COMMAND, "start db", "start api"]);
  });
});
