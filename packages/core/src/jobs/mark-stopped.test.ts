import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import { userName } from "../workspace/authorship.ts";
import { type MarkedAllocation, markStopped } from "./mark-stopped.ts";

/** An operator records that an allocation is stopped because its `stop` command cannot succeed. */

const [A, B] = ["10.0.0.1", "10.0.0.2"];

let bucket: TestBucket;
/** Allocations whose `stopped` hooks ran. */
let notified: string[];

const listener = definePlugin({
  name: "listener",
  apply({ stopped }) {
    stopped.tap("listener", ({ job, allocation }) => void notified.push(`${job.name}@${allocation.host}`));
  },
});

beforeEach(async () => {
  notified = [];
  bucket = aBucket({ plugins: [listener] });
  bucket.workers(A, B);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  bucket.fleet.onDo = (what) => {
    if (what.startsWith("stop")) throw new MaandError({ code: "COMMAND_FAILED", message: "no target", hint: "add it" });
  };
});

afterEach(() => bucket.dispose());

async function mark(jobs: readonly string[], workers: readonly string[]): Promise<MarkedAllocation[]> {
  const opened = await bucket.open();
  return markStopped(opened, { jobs, workers }).finally(() => opened.close());
}

describe("an allocation whose stop always fails", () => {
  for (const [name, takeAway] of [
    ["disabled", () => bucket.disable({ jobs: { api: { allocations: [A] } } })],
    ["on a removed worker", () => bucket.workers(B)],
    ["of a removed job", () => bucket.removeJob("api")],
  ] as const) {
    it(`is not stopped again after being marked as stopped (${name})`, async () => {
      takeAway();
      expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
      const hosts = name === "of a removed job" ? [A, B] : [A];
      expect(await mark(["api"], hosts)).toEqual(
        hosts.map((host) => expect.objectContaining({ job: "api", host, marked: true })),
      );
      bucket.fleet.done.splice(0);
      expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
      expect(bucket.fleet.done.filter((what) => what.startsWith("stop"))).toEqual([]);
      expect(notified).toEqual(hosts.map((host) => `api@${host}`));
      expect((await bucket.plan()).required).toBe(false);
    });
  }

  it("fails with a hint that contains the command to mark it as stopped", async () => {
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    const { allocations } = await bucket.ship();
    expect(allocations.find(({ host }) => host === A)?.hint).toBe(
      `add it; if it is no longer running, record that: maand job stop api --allocations ${A} --mark-stopped`,
    );
  });

  it("can be marked a second time, which has no effect", async () => {
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    await bucket.ship();
    await mark(["api"], [A]);
    expect(await mark(["api"], [A])).toMatchObject([{ host: A, marked: false }]);
  });

  it("starts again once it is enabled", async () => {
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    await bucket.ship();
    await mark(["api"], [A]);
    bucket.disable({});
    bucket.fleet.done.splice(0);
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.done).toContain(`start api@${A}`);
  });

  it("is marked together with an event that names the user", async () => {
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    await bucket.ship();
    bucket.events.length = 0;
    await mark(["api"], [A]);
    expect(bucket.events.find(({ type }) => type === "allocation.marked_stopped")).toMatchObject({
      job: "api",
      worker: A,
      reason: "disabled in workspace/disabled.json",
      by: userName(),
    });
  });
});

describe("markStopped refuses", () => {
  it("an active allocation, which the next deploy would start", async () => {
    await expect(mark(["api"], [A])).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ code: "active_allocation", hint: expect.stringContaining("workspace/disabled.json") }],
    });
  });

  it("several allocations if one of them is active, and records none of them", async () => {
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    await bucket.ship();
    await expect(mark(["api"], [A, B])).rejects.toMatchObject({ problems: [{ where: `api on ${B}` }] });
    expect(await mark(["api"], [A])).toMatchObject([{ marked: true }]);
  });

  it("a request that names no workers", async () => {
    await expect(mark(["api"], [])).rejects.toMatchObject({ code: "USAGE" });
  });

  it("a label, because it might select workers that the operator has not checked", async () => {
    bucket.disable({ jobs: { api: {} } });
    await bucket.build();
    await expect(mark(["api"], ["label:worker"])).rejects.toMatchObject({
      problems: [{ code: "not_named" }, { code: "not_named" }],
    });
  });

  it("an unknown job, an unknown worker and a worker without the job", async () => {
    bucket.workers({ host: A, labels: ["web"] }, B);
    bucket.job("web", { version: "1.0.0", selectors: ["web"] });
    await bucket.build();
    await expect(mark(["apy"], [A])).rejects.toMatchObject({ problems: [{ code: "unknown_job" }] });
    await expect(mark(["api"], ["10.0.0.9"])).rejects.toMatchObject({ problems: [{ code: "unknown_worker" }] });
    await expect(mark(["web"], [B])).rejects.toMatchObject({ problems: [{ code: "not_allocated" }] });
  });
});
