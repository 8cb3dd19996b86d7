import { afterEach, beforeEach, expect, it } from "vitest";
import type { OrchestrateContext } from "../../plugin-api/contexts.ts";
import type { Done } from "../../plugin-api/hooks.ts";
import { definePlugin } from "../../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;
let lead: (context: OrchestrateContext) => Promise<Done | undefined>;

/** Job `api` runs 1.0.0 on three workers and is to become 1.1.0, two at a time. */
beforeEach(async () => {
  lead = async () => undefined;
  const leader = definePlugin({
    name: "leader",
    apply: ({ orchestrate }) => orchestrate.tapPromise("leader", (context) => lead(context)),
  });
  bucket = aBucket({ plugins: [leader] });
  bucket.workers(A, B, C);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 2 });
  await bucket.ship();
  bucket.job("api", { version: "1.1.0", selectors: ["worker"], max_concurrent_upgrades: 2 });
  await bucket.build();
  bucket.fleet.done.splice(0);
  bucket.events.splice(0);
});
afterEach(() => bucket.dispose());

const restarts = () => bucket.fleet.done.filter((what) => what.startsWith("restart"));
const batches = () =>
  bucket.events.flatMap((event) =>
    event.type === "batch.started" ? [[event.index, event.count, event.workers.join(" ")]] : [],
  );
const versions = () => Object.values(bucket.fleet.running());

it("rollOut updates and checks some allocations first, and the others follow if the tap returns nothing", async () => {
  const seen: unknown[] = [];
  lead = async ({ updatedAllocations, rollOut }) => {
    seen.push(updatedAllocations);
    await rollOut([B]);
    seen.push(versions());
    return undefined;
  };
  const { outcome } = await bucket.deploy();
  expect(outcome).toBe("ok");
  expect(seen).toEqual([
    [A, B, C],
    ["1.0.0", "1.1.0", "1.0.0"],
  ]);
  expect(batches()).toEqual([
    [0, 3, B],
    [1, 3, A],
    [2, 3, C],
  ]);
  expect(bucket.events.filter(({ type }) => type === "health.finished")).toHaveLength(3);
});

it("the other allocations are promoted without commands if the tap returns done", async () => {
  lead = async ({ rollOut }) => {
    await rollOut([A]);
    return "done";
  };
  const { outcome, allocations } = await bucket.deploy();
  expect(outcome).toBe("ok");
  expect(restarts()).toEqual([`restart api@${A}`]);
  expect(allocations.map(({ host, promoted }) => [host, promoted])).toEqual([A, B, C].map((host) => [host, true]));
});

it("the summary names the plugin only for allocations that the plugin rolled out without rollOut", async () => {
  lead = async ({ rollOut }) => {
    await rollOut([A]);
    return "done";
  };
  const { allocations } = await bucket.deploy();
  expect(allocations.map(({ host, action, ledBy, outcome }) => [host, action, ledBy, outcome])).toEqual([
    [A, "restart", undefined, "ok"],
    [B, "orchestrate", "leader", "ok"],
    [C, "orchestrate", "leader", "ok"],
  ]);
});

it("a health check that fails after the plugin's own rollout is a failure of orchestrate, not of a restart", async () => {
  lead = async () => "done";
  bucket.fleet.fail(`verify api@${B}`);
  const { allocations } = await bucket.deploy();
  expect(allocations.find(({ host }) => host === B)).toMatchObject({
    action: "orchestrate",
    ledBy: "leader",
    outcome: "failed",
    promoted: true,
  });
});

it("a failed checkHealth ends the job, and the other allocations stay unchanged", async () => {
  lead = async ({ rollOut, checkHealth }) => {
    await rollOut([A]);
    bucket.fleet.fail(`verify api@${A}`);
    await checkHealth();
    return undefined;
  };
  const { outcome, allocations, failures } = await bucket.deploy();
  expect(outcome).toBe("failed");
  expect(failures).toMatchObject([{ job: "api", code: "UNHEALTHY" }]);
  expect(allocations.map(({ host, outcome: word, promoted }) => [host, word, promoted])).toEqual([
    [A, "failed", true],
    [B, "blocked", false],
    [C, "blocked", false],
  ]);
  bucket.fleet.repair();
  lead = async () => undefined;
  expect((await bucket.deploy()).outcome).toBe("ok");
  expect(restarts()).toEqual([A, A, B, C].map((host) => `restart api@${host}`));
});

it("a failed batch ends the job, even if the plugin ignores the failure", async () => {
  bucket.fleet.fail(`restart api@${A}`);
  lead = async ({ rollOut }) => {
    await rollOut([A]).catch(() => undefined);
    return undefined;
  };
  const { outcome, failures } = await bucket.deploy();
  expect(outcome).toBe("failed");
  expect(failures).toMatchObject([{ message: expect.stringContaining("batch 1 of 3 of api failed") }]);
  expect(restarts()).toEqual([]);
});

it("all allocations fail if the plugin throws before it has rolled out anything", async () => {
  lead = async () => {
    throw new Error("lost the plot");
  };
  const { allocations } = await bucket.deploy();
  expect(allocations.map(({ outcome, message }) => [outcome, message])).toEqual(
    [A, B, C].map(() => ["failed", "leader failed in orchestrate: lost the plot"]),
  );
});

it("a call to rollOut with an unknown host makes the plugin fail, and nothing is rolled out", async () => {
  lead = async ({ rollOut }) => {
    await rollOut([A, "10.0.0.9"]);
    return undefined;
  };
  const { failures } = await bucket.deploy();
  expect(failures).toMatchObject([
    { code: "HOOK_FAILED", message: expect.stringContaining("nothing of api remains to be rolled out on 10.0.0.9") },
  ]);
  expect(restarts()).toEqual([]);
});

it.each([
  ["nothing", undefined],
  ["done", "done" as const],
])("a rollOut that is not awaited ends before anything else starts, if the tap returns %s", async (_, answer) => {
  bucket.fleet.onDo = (what) => {
    if (what === `restart api@${A}`) bucket.fleet.fail(`verify api@${A}`);
  };
  lead = async ({ rollOut }) => {
    void rollOut([A]);
    void rollOut([B]);
    return answer;
  };
  const { outcome, failures, allocations } = await bucket.deploy();
  expect(outcome).toBe("failed");
  expect(failures).toMatchObject([{ job: "api", code: "UNHEALTHY" }]);
  expect(restarts()).toEqual([`restart api@${A}`]);
  expect(allocations.map(({ host, outcome: word }) => [host, word])).toEqual([
    [A, "failed"],
    [B, "blocked"],
    [C, "blocked"],
  ]);
});

it("parallel calls to rollOut run one after another", async () => {
  lead = async ({ rollOut }) => {
    await Promise.all([rollOut([A]), rollOut([B])]);
    return undefined;
  };
  await bucket.deploy();
  const steps = bucket.events.flatMap((event) =>
    event.type === "batch.started" || event.type === "batch.promoted" ? [`${event.type} ${event.workers}`] : [],
  );
  expect(steps).toEqual([A, B, C].flatMap((host) => [`batch.started ${host}`, `batch.promoted ${host}`]));
});

it("a checkHealth that is not awaited ends the job if it fails", async () => {
  lead = async ({ rollOut, checkHealth }) => {
    await rollOut([A]);
    bucket.fleet.fail(`verify api@${A}`);
    void checkHealth();
    return undefined;
  };
  const { failures } = await bucket.deploy();
  expect(failures).toMatchObject([{ job: "api", code: "UNHEALTHY" }]);
  expect(restarts()).toEqual([`restart api@${A}`]);
});

it("a call to rollOut after the tap has returned is rejected, and changes nothing", async () => {
  let late: OrchestrateContext["rollOut"] | undefined;
  lead = async ({ rollOut }) => {
    late = rollOut;
    return undefined;
  };
  await bucket.deploy();
  bucket.fleet.done.splice(0);
  await expect(late?.([A])).rejects.toThrow("leader called rollOut after its orchestrate tap had returned");
  expect(bucket.fleet.done).toEqual([]);
});
