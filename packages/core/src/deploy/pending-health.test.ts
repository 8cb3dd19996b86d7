import { cpSync, renameSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { definePlugin } from "../plugin-api/plugin.ts";
import { deployments } from "../store/views/deployments.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/**
 * A run is killed between the promotion of a batch and its health check. Later runs must have the same result as after
 * an uninterrupted run.
 */

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;
let checked: string[];
let control: boolean;
/** Fails before the health of a job is checked. */
let die: ((job: string) => void) | undefined;

beforeEach(() => {
  checked = [];
  control = false;
  const watcher = definePlugin({
    name: "watcher",
    apply(hooks) {
      hooks.orchestrate.tap("watcher", () => (control ? "done" : undefined));
      hooks.verify.tap("watcher", ({ job, active }) => {
        die?.(job.name);
        checked.push(`${job.name} ${active.map(({ host }) => host).join(",")}`);
      });
    },
  });
  bucket = aBucket({ plugins: [watcher] });
  bucket.workers(A, B, C);
});

afterEach(() => bucket.dispose());

const manifest = (version: string, more = {}) => ({
  version,
  selectors: ["worker"],
  max_concurrent_upgrades: 1,
  max_concurrent_starts: 2,
  ...more,
});

/** A deploy that dies before it checks the health of a job; only the content of the store at that moment remains. */
async function killed(job = "api", deploy: () => Promise<unknown> = () => bucket.deploy()): Promise<void> {
  const left = `${bucket.root}-left`;
  let dead = false;
  die = (name) => {
    if (dead || name !== job) return;
    cpSync(bucket.root, left, { recursive: true });
    dead = true;
    throw new Error("dead");
  };
  bucket.fleet.onDo = () => {
    if (dead) throw new Error("dead");
  };
  await deploy();
  expect(dead).toBe(true);
  rmSync(bucket.root, { recursive: true });
  renameSync(left, bucket.root);
  die = undefined;
  bucket.fleet.onDo = () => undefined;
  bucket.fleet.done.length = 0;
  checked.length = 0;
}

/** All operations except syncs since the last call. */
function since(): string[] {
  return bucket.fleet.done.splice(0).filter((what) => !what.startsWith("stage"));
}

async function rollouts(): Promise<string[]> {
  const maand = await bucket.open();
  const rows = deployments(maand.store).filter(({ job }) => job === "api");
  maand.close();
  return rows.map(({ rollout }) => rollout);
}

async function pending(): Promise<string[]> {
  const maand = await bucket.open();
  const all = [...maand.store.pendingHealth.all().values()];
  maand.close();
  return all;
}

/** Version 1.0.0 runs everywhere. Version 2.0.0 is built, and its deploy is killed after the first of three batches. */
async function upgradeKilled(): Promise<void> {
  bucket.job("api", manifest("1.0.0"));
  await bucket.ship();
  bucket.job("api", manifest("2.0.0"));
  await bucket.build();
  await killed();
}

describe("a health check that the last run did not reach", () => {
  it("runs first, and no promoted allocation runs its command again", async () => {
    await upgradeKilled();
    expect(await rollouts()).toEqual(["promoted", "restart", "restart"]);
    const order: string[] = [];
    bucket.fleet.onDo = (what) => void order.push(what);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(order.filter((what) => !what.startsWith("stage"))).toEqual([
      "verify api",
      `restart api@${B}`,
      "verify api",
      `restart api@${C}`,
      "verify api",
    ]);
    expect(await pending()).toEqual([]);
  });

  it("marks unhealthy allocations and makes the job fail before any batch starts", async () => {
    await upgradeKilled();
    bucket.fleet.fail(`verify api@${A}`);
    const { outcome, allocations, failures } = await bucket.deploy();
    expect(outcome).toBe("failed");
    expect(since()).toEqual([]);
    expect(await rollouts()).toEqual(["health_failed", "restart", "restart"]);
    expect(allocations.map(({ host, action, outcome: ended, promoted }) => [host, action, ended, promoted])).toEqual([
      [A, "verify", "failed", true],
      [B, "restart", "blocked", false],
      [C, "restart", "blocked", false],
    ]);
    expect(failures).toMatchObject([{ code: "UNHEALTHY", message: expect.stringContaining("the last run ended") }]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(since()).toEqual([`restart api@${A}`, `restart api@${B}`, `restart api@${C}`]);
  });

  it("omits an allocation whose sync failed in this run, and stays pending", async () => {
    await upgradeKilled();
    bucket.job("api", manifest("3.0.0"));
    await bucket.build();
    bucket.fleet.fail(`stage ${A}`);
    const { outcome, allocations } = await bucket.deploy();
    expect(outcome).toBe("failed");
    expect(allocations.find(({ host }) => host === A)).toMatchObject({ outcome: "failed", promoted: false });
    expect(checked[0]).toBe(`api ${B},${C}`);
    expect(await pending()).toHaveLength(1);
    bucket.fleet.fail("verify api");
    die = () => {
      throw new Error("sick");
    };
    await bucket.deploy();
    expect((await rollouts())[0]).not.toBe("health_failed");
    die = undefined;
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(await pending()).toEqual([]);
  });

  it("marks the whole batch if the checks name no allocation", async () => {
    await upgradeKilled();
    bucket.fleet.fail("verify api");
    die = () => {
      throw new Error("sick");
    };
    await bucket.deploy();
    expect(await rollouts()).toEqual(["health_failed", "restart", "restart"]);
    expect(await pending()).toEqual([]);
  });

  it("makes a deploy necessary, and the dry run lists it", async () => {
    bucket.job("api", manifest("1.0.0"));
    await bucket.build();
    await killed();
    expect(await rollouts()).toEqual(["promoted", "promoted", "promoted"]);
    const plan = await bucket.plan();
    expect(plan).toMatchObject({ required: true, waves: [{ jobs: [{ required: true, healthPending: true }] }] });
    const { outcome, allocations } = await bucket.deploy();
    expect(outcome).toBe("ok");
    expect(since()).toEqual([]);
    expect(checked).toEqual([`api ${A},${B},${C}`]);
    expect(allocations.find(({ action }) => action === "verify")).toMatchObject({ outcome: "ok", promoted: true });
    expect((await bucket.plan()).required).toBe(false);
    checked.length = 0;
    await bucket.deploy();
    expect(checked).toEqual([]);
  });

  it("blocks dependent jobs until it passes", async () => {
    const commands = { command_ready: { executed_on: ["cli"] } };
    const demands = { command_ready: { executed_on: ["cli"], demands: { job: "api", command: "command_ready" } } };
    bucket.job("api", manifest("1.0.0", { commands }));
    bucket.job("web", manifest("1.0.0", { commands: demands }));
    await bucket.build();
    await killed();
    bucket.fleet.fail("verify api");
    const { blocked } = await bucket.deploy();
    expect(blocked).toEqual([{ job: "web", by: "api" }]);
    expect(since()).toEqual([]);
  });

  it("stays pending if --jobs excludes the job, or if the next run is killed too", async () => {
    await upgradeKilled();
    bucket.job("web", manifest("1.0.0"));
    await bucket.ship({ jobs: ["web"] });
    expect(await pending()).toEqual(["before anything else"]);
    await killed();
    expect(await pending()).toEqual(["before anything else"]);
  });

  it("skips allocations that were never started", async () => {
    await upgradeKilled();
    bucket.workers(A, B, C, "10.0.0.4");
    await bucket.ship();
    expect(checked[0]).toBe(`api ${A},${B},${C}`);
  });

  it("is dropped if the job is disabled or removed", async () => {
    await upgradeKilled();
    bucket.disable({ jobs: { api: {} } });
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(await pending()).toEqual([]);
    bucket.disable({});
    await bucket.build();
    await killed();
    bucket.removeJob("api");
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(await pending()).toEqual([]);
    expect((await bucket.plan()).required).toBe(false);
  });
});

describe("a first deploy that failed to start one allocation", () => {
  beforeEach(async () => {
    bucket.job("api", manifest("1.0.0"));
    await bucket.build();
    bucket.fleet.fail(`start api@${C}`);
    await bucket.deploy();
    bucket.fleet.repair();
    since();
    checked.length = 0;
  });

  it("has its health checked after the last batch of the next run", async () => {
    expect(await pending()).toEqual(["with the next batch", "with the next batch"]);
    expect((await bucket.plan()).waves[0]?.jobs[0]?.healthPending).toBe(false);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(since()).toEqual([`start api@${C}`]);
    expect(checked).toEqual([`api ${A},${B},${C}`]);
    expect(await pending()).toEqual([]);
  });

  it("has its health checked by the next run even if no batch is left", async () => {
    bucket.workers(A, B);
    await bucket.ship();
    expect(checked.at(-1)).toBe(`api ${A},${B}`);
    expect(await pending()).toEqual([]);
  });
});

describe("a job that a plugin rolls out", () => {
  it("has all its allocations checked by the next run if the last run was killed before the check", async () => {
    control = true;
    await upgradeKilled();
    expect(await rollouts()).toEqual(["promoted", "promoted", "promoted"]);
    bucket.fleet.fail("verify api");
    expect((await bucket.deploy()).outcome).toBe("failed");
    expect(await rollouts()).toEqual(["health_failed", "health_failed", "health_failed"]);
  });
});
