import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenedBucket } from "../../bucket/open.ts";
import { MaandError } from "../../errors.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import { jobReleases } from "../../store/views/releases.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { rollback } from "./rollback.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;
let reasons: string[];
let stop: AbortController;

beforeEach(() => {
  reasons = [];
  stop = new AbortController();
  const spy: Plugin = {
    name: "spy",
    apply: (hooks) =>
      hooks.rollout.tap("spy", ({ env, allocation }) => {
        reasons.push(`${allocation.host} ${env.CURRENT_VERSION}->${env.NEW_VERSION} ${env.DEPLOY_REASON}`);
      }),
  };
  bucket = aBucket({
    plugins: [spy],
    get signal() {
      return stop.signal;
    },
  });
  bucket.workers(A, B, C);
});

afterEach(() => bucket.dispose());

async function opened<T>(work: (bucket: OpenedBucket) => T | Promise<T>): Promise<T> {
  const open = await bucket.open();
  try {
    return await work(open);
  } finally {
    open.close();
  }
}

const write = (version: string, more: Readonly<Record<string, unknown>> = {}) =>
  bucket.job("api", { selectors: ["worker"], version, on_failure: "revert", ...more }, { "app.conf": `${version}\n` });

async function ship(version: string, more: Readonly<Record<string, unknown>> = {}) {
  write(version, more);
  return bucket.ship();
}

const running = (job = "api") => [A, B, C].map((host) => bucket.fleet.running()[`${job}@${host}`]);
const files = () => [A, B, C].map((host) => bucket.fleet.at("api", host)?.files["app.conf"]?.trim());
const steps = () => bucket.fleet.done.splice(0).filter((done) => !done.startsWith("stage"));

/** From now on, `verify api` fails while this version runs on this worker. */
function sick(version: string, host: string): void {
  bucket.fleet.onDo = (what) => {
    if (what === "verify api" && bucket.fleet.running()[`api@${host}`] === version)
      throw new MaandError({ code: "UNHEALTHY", message: `api is sick on ${host}` });
  };
}

const lines = () =>
  opened(({ store }) =>
    jobReleases(store, "api").map(({ release, verdict, hold, isWanted, hosts }) =>
      [release, verdict, ...hosts, ...(hold ? [`held by ${hold.kind}`] : []), ...(isWanted ? ["wanted"] : [])].join(
        " ",
      ),
    ),
  );

const outcomes = ({
  allocations,
}: {
  readonly allocations: readonly { host: string; action: string; outcome: string }[];
}) => allocations.map(({ host, action, outcome }) => `${host} ${action} ${outcome}`).sort();

describe("a rollout that fails with on_failure revert", () => {
  beforeEach(async () => {
    await ship("1.0.0");
    steps();
    reasons.splice(0);
  });

  it("restores the previous release in reverse order, and the outcome is reverted", async () => {
    sick("2.0.0", B);
    const summary = await ship("2.0.0");
    expect(summary.outcome).toBe("reverted");
    expect(steps()).toEqual([`restart api@${A}`, `restart api@${B}`, `restart api@${B}`, `restart api@${A}`]);
    expect(reasons).toEqual([
      `${A} 1.0.0->2.0.0 upgrade`,
      `${B} 1.0.0->2.0.0 upgrade`,
      `${B} 2.0.0->1.0.0 revert`,
      `${A} 2.0.0->1.0.0 revert`,
    ]);
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(files()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(outcomes(summary)).toEqual([`${A} revert reverted`, `${B} revert reverted`, `${C} restart blocked`]);
    expect(summary.failures).toMatchObject([{ job: "api", code: "UNHEALTHY" }]);
    expect(await lines()).toEqual(["r2 bad held by revert", `r1 good ${A} ${B} ${C} wanted`]);
  });

  it("is not repeated by the next deploy, which warns about the reverted release", async () => {
    sick("2.0.0", A);
    await ship("2.0.0");
    steps();
    const again = await bucket.ship();
    expect([again.outcome, again.warnings.length]).toEqual(["ok", 1]);
    expect(again.warnings[0]).toContain("r2 (2.0.0) was reverted");
    expect(steps()).toEqual([]);
    expect((await ship("2.0.1")).outcome).toBe("ok");
    expect(running()).toEqual(["2.0.1", "2.0.1", "2.0.1"]);
  });

  it("is also reverted after a failed command, including the allocation where the command failed", async () => {
    bucket.fleet.onDo = (what) => {
      if (what === `restart api@${B}` && bucket.fleet.at("api", B)?.files["app.conf"] === "2.0.0\n")
        throw new MaandError({ code: "COMMAND_FAILED", message: "restart failed", exit: 2 });
    };
    const summary = await ship("2.0.0");
    expect(summary.outcome).toBe("reverted");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(reasons.slice(-2)).toEqual([`${B} 1.0.0->1.0.0 revert`, `${A} 2.0.0->1.0.0 revert`]);
  });

  it("reverts only the failed batch with revert_scope batch, and the next deploy reverts the rest", async () => {
    sick("2.0.0", B);
    const summary = await ship("2.0.0", { revert_scope: "batch" });
    expect(summary.outcome).toBe("reverted");
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0"]);
    expect(outcomes(summary)).toEqual([`${A} restart ok`, `${B} revert reverted`, `${C} restart blocked`]);
    expect(await lines()).toEqual([`r2 bad ${A} held by revert`, `r1 good ${B} ${C} wanted`]);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });

  it("is not reverted with --no-revert, and is reverted with --revert even if on_failure is stop", async () => {
    sick("2.0.0", A);
    write("2.0.0");
    expect((await bucket.ship({ revert: false })).outcome).toBe("failed");
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0"]);
    sick("2.1.0", A);
    write("2.1.0", { on_failure: "stop" });
    expect((await bucket.ship({ revert: true })).outcome).toBe("reverted");
    expect(running()[0]).toBe("1.0.0");
  });

  it("is not reverted if the connection to a worker was lost", async () => {
    bucket.fleet.fail(`restart api@${A}`, new MaandError({ code: "DISCONNECTED", message: "gone" }));
    expect((await ship("2.0.0")).outcome).toBe("failed");
    expect(steps()).toEqual([]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
  });

  it.each([
    ["a command", `restart api@${B}`],
    ["the health check", "verify api"],
  ])("is not reverted if the deploy was interrupted while %s failed", async (_, failing) => {
    bucket.fleet.onDo = (what) => {
      if (what !== failing) return;
      stop.abort();
      throw new MaandError({ code: "COMMAND_FAILED", message: "it failed", exit: 2 });
    };
    expect((await ship("2.0.0")).outcome).toBe("interrupted");
    expect(reasons.filter((reason) => reason.endsWith("revert"))).toEqual([]);
    expect(running()[0]).toBe("2.0.0");
    expect((await lines())[0]).toBe(`r2 bad ${A} wanted`);
    stop = new AbortController();
    bucket.fleet.onDo = () => undefined;
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
  });

  it("is reverted even if another job depends on a command of the failed release, and blocks that job", async () => {
    const command = { command_b: { executed_on: ["cli"] } };
    write("1.0.1", { commands: command });
    bucket.job("web", {
      selectors: ["worker"],
      version: "1.0.0",
      commands: { command_a: { executed_on: ["cli"], demands: { job: "api", command: "command_b" } } },
    });
    sick("1.0.1", A);
    const summary = await bucket.ship();
    expect(summary.blocked).toEqual([{ job: "web", by: "api" }]);
    expect(summary.outcome).toBe("reverted");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(running("web")).toEqual([undefined, undefined, undefined]);
    await expect(bucket.build()).rejects.toMatchObject({
      problems: expect.arrayContaining([expect.objectContaining({ code: "held_release", where: "job api" })]),
    });
  });

  it("reports the running release of each worker if the revert fails too, and the next deploy continues the revert", async () => {
    let isBroken = true;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && bucket.fleet.running()[`api@${B}`] === "2.0.0")
        throw new MaandError({ code: "UNHEALTHY", message: "api is sick" });
      if (isBroken && what === `restart api@${A}` && bucket.fleet.at("api", A)?.files["app.conf"] === "1.0.0\n")
        throw new MaandError({ code: "COMMAND_FAILED", message: "no disk", exit: 2 });
    };
    const summary = await ship("2.0.0");
    expect(summary.outcome).toBe("revert_failed");
    expect(summary.failures.at(-1)).toMatchObject({
      code: "REVERT_FAILED",
      message: expect.stringMatching(
        /^the revert of api to r1 failed: .*no disk.*; now running: unknown on 10\.0\.0\.1; r1 \(1\.0\.0\) on 10\.0\.0\.2, 10\.0\.0\.3$/,
      ),
    });
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0"]);
    isBroken = false;
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });

  it("is not reverted if it was a rollback", async () => {
    await ship("2.0.0");
    sick("1.0.0", A);
    expect((await opened((open) => rollback(open, { jobs: ["api"] }))).outcome).toBe("failed");
    expect(running()).toEqual(["1.0.0", "2.0.0", "2.0.0"]);
  });

  it("is reverted together with the changes of earlier runs if its release was never good", async () => {
    sick("2.0.0", B);
    write("2.0.0");
    await bucket.ship({ revert: false });
    expect(running()).toEqual(["2.0.0", "2.0.0", "1.0.0"]);
    expect((await bucket.deploy()).outcome).toBe("reverted");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });

  it("is not reverted if the release was good before", async () => {
    bucket.fleet.fail(`restart api@${B}`);
    expect((await bucket.deploy({ force: true })).outcome).toBe("failed");
    expect(await lines()).toEqual([`r1 bad ${A} ${B} ${C} wanted`]);
    bucket.fleet.repair();
    await bucket.deploy();
    expect(await lines()).toEqual([`r1 good ${A} ${B} ${C} wanted`]);
  });
});

describe("a first start that fails with on_failure revert", () => {
  it("is stopped on all workers, and not repeated until the job changes", async () => {
    bucket.fleet.fail(`start api@${B}`);
    const summary = await ship("1.0.0");
    expect(summary.outcome).toBe("reverted");
    expect(running()).toEqual([undefined, undefined, undefined]);
    expect(outcomes(summary)).toEqual([A, B, C].map((host) => `${host} stop reverted`));
    bucket.fleet.repair();
    steps();
    const again = await bucket.ship();
    expect(again.failures).toMatchObject([{ code: "RELEASE_HELD", hint: "fix api, then run maand deploy --build" }]);
    expect(steps()).toEqual([]);
    expect((await ship("1.0.1")).outcome).toBe("ok");
    expect(running()).toEqual(["1.0.1", "1.0.1", "1.0.1"]);
  });

  it("is stopped only on the new worker if the release already runs on others", async () => {
    bucket.workers(A, B);
    await ship("1.0.0");
    bucket.workers(A, B, C);
    bucket.fleet.fail(`start api@${C}`);
    steps();
    expect((await bucket.ship()).outcome).toBe("reverted");
    expect(steps()).toEqual([`stop api@${C}`]);
    expect(running()).toEqual(["1.0.0", "1.0.0", undefined]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
  });
});
