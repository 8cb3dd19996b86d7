import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ActionContext } from "../plugin-api/contexts.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { tapByName } from "../plugin-api/tapping/tap-by-name.ts";
import type { Summary } from "../run-result.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";
import { deploy } from "./deploy.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
/** A little more than the limit of a waiting tap plus the grace period after its signal aborts. */
const LIMIT_MS = 900_000 + 15_000;

let bucket: TestBucket;
let tapped: (hooks: Hooks) => void;
/** Called by the tap that hangs; ends the hung call. */
let hung: Promise<() => void>;
let hang: (signal?: AbortSignal) => Promise<never>;

/** Jobs `api` and `web` on two workers, and a plugin `odd` with the taps of a test. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  let isHung: (end: () => void) => void = () => undefined;
  hung = new Promise((resolve) => {
    isHung = resolve;
  });
  hang = (signal) =>
    new Promise((_, reject) => {
      const end = () => reject(new Error("ended"));
      signal?.addEventListener("abort", end);
      isHung(end);
    });
  const odd = definePlugin({ name: "odd", apply: (hooks) => tapped(hooks) });
  bucket = aBucket({ plugins: [odd] });
  bucket.workers(A, B);
  for (const job of ["api", "web"]) bucket.job(job, { selectors: ["worker"], max_concurrent_upgrades: 1 });
});
afterEach(() => {
  vi.useRealTimers();
  bucket.dispose();
});

/** Deploys, and advances the clock past the limit of the hung tap. */
async function deployPastLimit(): Promise<Summary> {
  const deploying = bucket.ship();
  deploying.catch(() => undefined);
  await Promise.race([hung, deploying]);
  await vi.advanceTimersByTimeAsync(LIMIT_MS);
  return deploying;
}

const hangsOnA =
  (obeys: boolean) =>
  ({ rollout }: Hooks) =>
    rollout.tapPromise({ name: "odd", before: "fake" }, async ({ job, worker, signal }: ActionContext) =>
      job.name === "api" && worker.host === A ? hang(obeys ? signal : undefined) : undefined,
    );
const messageOnA = ({ allocations }: Summary) =>
  allocations.find(({ job, host }) => job === "api" && host === A)?.message;
const outcomes = ({ allocations }: Summary) =>
  allocations.map(({ job, host, outcome }) => `${job}@${host} ${outcome}`).sort();

describe("a tap that hangs in rollout", () => {
  it("makes its allocation fail when it stops on its signal, and other jobs are rolled out", async () => {
    tapped = hangsOnA(true);
    const summary = await deployPastLimit();
    expect(outcomes(summary)).toEqual([`api@${A} timed_out`, `api@${B} ok`, `web@${A} ok`, `web@${B} ok`]);
    expect(messageOnA(summary)).toBe(`odd took longer than 15 min in rollout of api@${A} and was stopped`);
    expect(summary.outcome).toBe("failed");
    tapped = () => undefined;
    expect(outcomes(await bucket.deploy())).toEqual([
      `api@${A} ok`,
      `api@${B} skipped`,
      `web@${A} skipped`,
      `web@${B} skipped`,
    ]);
  });

  it("is not reported after the bucket is closed", async () => {
    const events: string[] = [];
    tapped = (hooks) => {
      hangsOnA(false)(hooks);
      hooks.event.tap("odd", ({ type }) => void events.push(type));
    };
    await bucket.build();
    const maand = await bucket.open();
    const deploying = deploy(maand, { jobs: [], force: false, syncOnly: false }).catch(() => undefined);
    const end = await hung;
    await maand.close();
    vi.advanceTimersByTime(600_000);
    expect(events).not.toContain("tap.waiting");
    end();
    await deploying;
  });

  it("keeps the bucket locked until it ends, if it ignores its signal", async () => {
    tapped = hangsOnA(false);
    const summary = await deployPastLimit();
    expect(outcomes(summary)[0]).toBe(`api@${A} timed_out`);
    expect(messageOnA(summary)).toBe(`odd did not end within 15 min in rollout of api@${A}; it may still be running`);
    tapped = () => undefined;
    await expect(bucket.deploy()).rejects.toMatchObject({ code: "BUSY" });
    (await hung)();
    await vi.advanceTimersByTimeAsync(0);
    expect(outcomes(await bucket.deploy())[0]).toBe(`api@${A} ok`);
  });

  it("is reported in a tap.waiting event while it is pending", async () => {
    tapped = hangsOnA(true);
    await deployPastLimit();
    expect(bucket.events).toContainEqual(
      expect.objectContaining({ type: "tap.waiting", plugin: "odd", hook: "rollout", units: [`api@${A}`] }),
    );
  });
});

describe("a tap that hangs in stage", () => {
  const hangsInStage = ({ stage }: Hooks) =>
    stage.tapPromise({ name: "odd", before: "fake-fleet" }, async ({ worker, jobs }) =>
      worker.host === A && jobs.includes("api") ? hang() : undefined,
    );

  it("excludes its worker from all later waves, and other workers are deployed", async () => {
    tapped = hangsInStage;
    bucket.workers(A, { host: B, labels: ["b"] });
    bucket.job("web", { version: "1.0.0", selectors: ["b"], commands: { command_ready: { executed_on: ["cli"] } } });
    const demands = { job: "web", command: "command_ready" };
    bucket.job("later", {
      version: "1.0.0",
      selectors: ["worker"],
      commands: { command_wait: { executed_on: ["cli"], demands } },
    });
    const summary = await deployPastLimit();
    expect(outcomes(summary)).toEqual([
      `api@${A} timed_out`,
      `api@${B} ok`,
      `later@${A} timed_out`,
      `later@${B} ok`,
      `web@${B} ok`,
    ]);
    expect(bucket.fleet.done.filter((what) => what.includes(A))).toEqual([]);
    expect(bucket.fleet.connected).toEqual([A, B]);
    (await hung)();
  });
});

describe("a tap that hangs in a hook of the whole run or of a job", () => {
  it.for([
    ["begin", "odd did not end within 15 min in begin; it may still be running"],
    ["validate", "odd did not end within 30 s in validate; it may still be running"],
  ] as const)("makes the command fail with an error that names the hook %s", async ([hook, message]) => {
    tapped = (hooks) => tapByName(hooks, hook, { name: "odd" }, () => hang());
    await expect(deployPastLimit()).rejects.toMatchObject({ code: "HOOK_STUCK", message });
  });
});
