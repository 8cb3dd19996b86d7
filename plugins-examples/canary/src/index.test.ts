import { aBucket, aJob, createHooks, orchestrateContext, type TestBucket } from "@maand/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { canary } from "./index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket | undefined;
afterEach(() => bucket?.dispose());

/**
 * Job `api` runs 1.0.0 on three workers, and 1.1.0 is built. After the canary, all other workers are upgraded in one
 * batch.
 */
async function upgrade(signal?: AbortSignal): Promise<TestBucket> {
  const made = aBucket({ plugins: [canary()], ...(signal && { signal }) });
  bucket = made;
  const manifest = { selectors: ["worker"], max_concurrent_upgrades: 3 };
  const watched = { ...manifest, canary: { soak_seconds: 0.05, interval_seconds: 0.01 } };
  made.workers(A, B, C);
  made.job("api", { ...watched, version: "1.0.0" });
  await made.ship();
  made.job("api", { ...watched, version: "1.1.0" });
  await made.build();
  made.events.splice(0);
  return made;
}

const batches = ({ events }: TestBucket) =>
  events.flatMap((event) => (event.type === "batch.started" ? [event.workers.join(" ")] : []));
const healthChecks = ({ events }: TestBucket) => events.filter(({ type }) => type === "health.finished").length;

describe("canary", () => {
  it("upgrades one allocation, checks it repeatedly, and then upgrades the rest", async () => {
    const made = await upgrade();
    expect((await made.deploy()).outcome).toBe("ok");
    expect(batches(made)).toEqual([A, `${B} ${C}`]);
    expect(healthChecks(made)).toBe(1 + 5 + 1);
  });

  it("ends the rollout at the first failed check, and the next deploy starts with the unhealthy allocation", async () => {
    const made = await upgrade();
    made.fleet.onDo = (what) => {
      if (what === `restart api@${A}`) setTimeout(() => made.fleet.fail(`verify api@${A}`), 25);
    };
    const { outcome, failures } = await made.deploy();
    expect(outcome).toBe("failed");
    expect(failures).toMatchObject([{ code: "UNHEALTHY" }]);
    expect(made.fleet.running()).toEqual({ [`api@${A}`]: "1.1.0", [`api@${B}`]: "1.0.0", [`api@${C}`]: "1.0.0" });
    made.fleet.repair();
    made.fleet.onDo = () => undefined;
    made.events.splice(0);
    expect((await made.deploy()).outcome).toBe("ok");
    expect(batches(made)[0]).toBe(A);
  });

  it("can be interrupted while it waits", async () => {
    const stop = new AbortController();
    const made = await upgrade(stop.signal);
    made.fleet.onDo = (what) => {
      if (what === `restart api@${A}`) setTimeout(() => stop.abort(), 15);
    };
    expect((await made.deploy()).outcome).toBe("interrupted");
    expect(batches(made)).toEqual([A]);
  });

  it.each([
    ["without the key canary", aJob(), [A, B, C]],
    ["with one allocation only", aJob({ manifest: { canary: { soak_seconds: 60 } } }), [A]],
    ["that starts for the first time", aJob({ manifest: { canary: { soak_seconds: 60 } } }), []],
  ])("does not handle a job %s", async (_, job, updatedAllocations) => {
    const hooks = createHooks();
    await canary().apply(hooks);
    const context = orchestrateContext({ job, newAllocations: [C], updatedAllocations });
    expect(await hooks.orchestrate.promise(context)).toBeUndefined();
    expect(context.calls).toEqual([]);
  });

  it("starts new allocations together with the canary", async () => {
    const hooks = createHooks();
    await canary().apply(hooks);
    const job = aJob({ manifest: { canary: { soak_seconds: 0.02, interval_seconds: 0.01 } } });
    const context = orchestrateContext({ job, newAllocations: [C], updatedAllocations: [A, B] });
    await hooks.orchestrate.promise(context);
    expect(context.calls).toEqual([`roll out ${C} ${A}`, "check health", "check health"]);
  });
});
