import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenedBucket } from "../../bucket/open.ts";
import { MaandError } from "../../errors.ts";
import { definePlugin } from "../../plugin-api/plugin.ts";
import type { Summary } from "../../run-result.ts";
import { deployments } from "../../store/views/deployments.ts";
import { jobReleases } from "../../store/views/releases.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { userName } from "../../workspace/authorship.ts";
import { deployRelease, rollback } from "../release/rollback.ts";
import { abortRollout, resumeRollout } from "../release/rollout-control.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] as const;
const [A, B, C, D] = HOSTS;
const STEPS = ["1", "pause", "50%", "pause", "100%"];

let bucket: TestBucket;
let stop: AbortController;
/** How far the clock of the bucket is ahead, in milliseconds. */
let ahead: number;

beforeEach(async () => {
  stop = new AbortController();
  ahead = 0;
  const fast = definePlugin({
    name: "fast",
    apply: ({ verify }) => verify.tap("fast", ({ checkEvery }) => checkEvery(10)),
  });
  bucket = aBucket({
    plugins: [fast],
    now: () => new Date(Date.now() + ahead),
    get signal() {
      return stop.signal;
    },
  });
  bucket.workers(...HOSTS);
  write("1.0.0");
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  bucket.fleet.done.splice(0);
});

afterEach(() => bucket.dispose());

const write = (version: string, rollout: unknown = { steps: STEPS }, more: Readonly<Record<string, unknown>> = {}) =>
  bucket.job("api", { selectors: ["worker"], version, rollout, ...more }, { "app.conf": `${version}\n` });

async function ship(version: string, rollout?: unknown, more?: Readonly<Record<string, unknown>>) {
  write(version, rollout, more);
  return bucket.ship();
}

async function opened<T>(work: (bucket: OpenedBucket) => T | Promise<T>): Promise<T> {
  const open = await bucket.open();
  try {
    return await work(open);
  } finally {
    open.close();
  }
}

const resume = (job = "api") => opened((open) => resumeRollout(open, job));
const abort = (job = "api") => opened((open) => abortRollout(open, job));
const running = (job = "api") => HOSTS.map((host) => bucket.fleet.running()[`${job}@${host}`]);
const files = () => HOSTS.map((host) => bucket.fleet.at("api", host)?.files["app.conf"]?.trim());
const steps = () => bucket.fleet.done.splice(0).filter((done) => !done.startsWith("stage"));
const position = () => opened(({ store }) => store.rollouts.find("api")?.step);
const states = () => opened(({ store }) => deployments(store).map(({ rollout }) => rollout));
const verdicts = () =>
  opened(({ store }) => jobReleases(store, "api").map(({ release, verdict, hold }) => [release, verdict, hold?.kind]));
const steppedTo = () => bucket.events.flatMap((event) => (event.type === "rollout.step" ? [event.step] : []));
const problemsOf = async (work: Promise<Summary>) => {
  const refusal: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return refusal instanceof MaandError ? refusal.problems.map(({ code, hint }) => `${code}: ${hint}`) : refusal;
};

/** `verify api` fails from now on while this version runs on this worker. */
function sick(version: string, host: string): void {
  bucket.fleet.onDo = (what) => {
    if (what === "verify api" && bucket.fleet.running()[`api@${host}`] === version)
      throw new MaandError({ code: "UNHEALTHY", message: `api is sick on ${host}` });
  };
}

describe("a new release of a job with steps", () => {
  it("is paused after the first step, and the waiting allocations keep their files", async () => {
    const summary = await ship("2.0.0");
    expect(summary).toMatchObject({ outcome: "paused", failures: [], blocked: [] });
    expect(summary.paused).toEqual([
      {
        ...{ job: "api", release: "r2", previous: "r1", step: 2, steps: 5, waiting: [B, C, D] },
        ...{ since: await opened(({ store }) => store.rollouts.find("api")?.since), startedBy: userName() },
      },
    ]);
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    expect(files()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    expect(await states()).toEqual(["promoted", "paused", "paused", "paused"]);
    expect(bucket.events.findLast(({ type }) => type === "job.finished")).toMatchObject({ outcome: "paused" });
  });

  it("stays paused in further deploys, even with --force", async () => {
    await ship("2.0.0");
    steps();
    for (const options of [{}, { force: true }, { jobs: ["api"] }]) {
      expect(await bucket.deploy(options)).toMatchObject({ outcome: "paused" });
      expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    }
    expect(steps()).toEqual([`restart api@${A}`]); // --force acts only on the worker that runs the new release
  });

  it("continues to the next pause with each resume, and is complete after the last one", async () => {
    await ship("2.0.0");
    expect(await resume()).toMatchObject({ outcome: "paused", paused: [{ step: 4, waiting: [C, D] }] });
    expect(running()).toEqual(["2.0.0", "2.0.0", "1.0.0", "1.0.0"]);
    expect(await verdicts()).toEqual([
      ["r2", "unconfirmed", undefined],
      ["r1", "good", undefined],
    ]);
    expect(await resume()).toMatchObject({ outcome: "ok", paused: [] });
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
    expect(await verdicts()).toEqual([
      ["r2", "good", undefined],
      ["r1", "good", undefined],
    ]);
    expect(await position()).toBeUndefined();
    expect(steppedTo()).toEqual([1, 3, 5]);
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  });

  it("is rolled out in batches of max_concurrent_upgrades within a step", async () => {
    await ship("2.0.0", { steps: ["1", "pause", "100%"] }, { max_concurrent_upgrades: 2 });
    bucket.events.splice(0);
    await resume();
    const batches = bucket.events.flatMap((event) => (event.type === "batch.started" ? [event.workers] : []));
    expect(batches).toEqual([[B, C], [D]]);
  });

  it("is undone by an abort, and is held afterwards", async () => {
    await ship("2.0.0");
    expect(await abort()).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    expect(await verdicts()).toEqual([
      ["r2", "bad", "revert"],
      ["r1", "good", undefined],
    ]);
    steps();
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(steps()).toEqual([]);
    expect(await problemsOf(resume())).toEqual(["no_rollout: maand deploy begins one"]);
    expect(await problemsOf(abort())).toEqual(["no_rollout: maand deploy begins one"]);
  });

  it("cannot be rolled back while it is paused, and the error names the valid commands", async () => {
    await ship("2.0.0");
    const both = "maand rollout resume api continues; maand rollout abort api goes back to r1";
    expect(await problemsOf(opened((open) => rollback(open, { jobs: ["api"] })))).toEqual([`rollout_paused: ${both}`]);
    expect(await problemsOf(opened((open) => rollback(open, { jobs: [], run: 2 })))).toEqual([
      `rollout_paused: ${both}`,
    ]);
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });

  it("is rolled out without steps on a first deploy, in a rollback, or after it was healthy everywhere", async () => {
    bucket.job("web", { selectors: ["worker"], rollout: { steps: STEPS } });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    await ship("2.0.0");
    await resume();
    await resume();
    expect(await opened((open) => rollback(open, { jobs: ["api"] }))).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    const forward = { job: "api", release: "r2", force: false, syncOnly: false };
    expect(await opened((open) => deployRelease(open, forward))).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("is rolled out in steps again if the operator deploys it after an abort", async () => {
    await ship("2.0.0");
    await abort();
    const again = { job: "api", release: "r2", force: false, syncOnly: false };
    expect(await opened((open) => deployRelease(open, again))).toMatchObject({
      outcome: "paused",
      paused: [{ step: 2 }],
    });
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });
});

describe("jobs that depend on a paused job", () => {
  it("are blocked, and other jobs are deployed", async () => {
    const demands = { job: "api", command: "command_ask" };
    const api = (version: string) =>
      write(version, { steps: STEPS }, { commands: { command_ask: { executed_on: ["cli"] } } });
    const web = (version: string) =>
      bucket.job("web", {
        selectors: ["worker"],
        version,
        commands: { command_get: { executed_on: ["cli"], demands } },
      });
    const other = (version: string) => bucket.job("other", { selectors: ["worker"], version });
    for (const job of ["api", "web"])
      bucket.write(`jobs/${job}/_modules/command_${job === "api" ? "ask" : "get"}.py`, "");
    for (const version of ["1.1.0", "2.0.0"]) {
      for (const job of [api, web, other]) job(version);
      await bucket.ship();
      if (version === "1.1.0") {
        while ((await resume()).outcome === "paused");
        await bucket.deploy();
      }
    }
    expect(running("web")[0]).toBe("1.1.0");
    const plan = await bucket.plan();
    const jobs = plan.waves.flatMap((wave) => wave.jobs).map(({ job, blockedBy }) => [job.name, blockedBy]);
    expect(jobs).toContainEqual(["web", "api"]);
    const summary = await bucket.deploy();
    expect(summary).toMatchObject({ outcome: "paused", blocked: [{ job: "web", by: "api" }] });
    expect([running()[0], running("web")[0], running("other")[0]]).toEqual(["2.0.0", "1.1.0", "2.0.0"]);
    await resume();
    await resume();
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(running("web")[0]).toBe("2.0.0");
  });
});

describe("a step of a staged rollout", () => {
  it("stops the rollout if it fails, and the next deploy continues from there", async () => {
    sick("2.0.0", A);
    expect(await ship("2.0.0")).toMatchObject({ outcome: "failed" });
    expect([running(), await position()]).toEqual([["2.0.0", "1.0.0", "1.0.0", "1.0.0"], 0]);
    bucket.fleet.onDo = () => undefined;
    expect(await bucket.deploy()).toMatchObject({ outcome: "paused" });
    expect(running()).toEqual(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });

  it("stops the rollout if its worker is unreachable", async () => {
    bucket.fleet.fail(`connect ${A}`, new MaandError({ code: "UNREACHABLE", message: "no route", worker: A }));
    expect(await ship("2.0.0")).toMatchObject({ outcome: "failed" });
    expect([running(), await position()]).toEqual([["1.0.0", "1.0.0", "1.0.0", "1.0.0"], 0]);
  });

  it("also reverts earlier steps and runs if it fails with on_failure revert", async () => {
    await ship("2.0.0", { steps: ["1", "pause", "100%"] }, { on_failure: "revert" });
    sick("2.0.0", C);
    expect(await resume()).toMatchObject({ outcome: "reverted" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    expect(await verdicts()).toEqual([
      ["r2", "bad", "revert"],
      ["r1", "good", undefined],
    ]);
    expect(await position()).toBeUndefined();
  });

  it("can be rolled back after it failed, because the rollout is not paused", async () => {
    sick("2.0.0", A);
    await ship("2.0.0");
    bucket.fleet.onDo = () => undefined;
    expect(await opened((open) => rollback(open, { jobs: ["api"] }))).toMatchObject({ outcome: "ok" });
    expect([running(), await position()]).toEqual([["1.0.0", "1.0.0", "1.0.0", "1.0.0"], undefined]);
  });

  it("succeeds even if an allocation that waits for a later step is unhealthy", async () => {
    bucket.fleet.onDo = (what) => {
      if (what !== "verify api") return;
      const last = bucket.events.findLast(({ type }) => type === "rollout.step");
      if (last?.type !== "rollout.step") throw new MaandError({ code: "UNHEALTHY", message: "checked too early" });
    };
    bucket.fleet.fail(`verify api@${D}`);
    expect(await ship("2.0.0")).toMatchObject({ outcome: "paused" });
  });
});

describe("a soak", () => {
  const SHORT = { steps: ["1", "100%"], soak_seconds: 0.2 };
  const SOAK = { ...SHORT, soak_seconds: 3600 };

  it("repeats the health check at the interval of the health check", async () => {
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 12) stop.abort();
    };
    expect(await ship("2.0.0", SOAK)).toMatchObject({ outcome: "interrupted" });
    expect(checks).toBe(12);
  });

  it("ends after soak_seconds, and the rollout continues", async () => {
    expect(await ship("2.0.0", SHORT)).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("makes its step fail at the first failed check, and the release is reverted", async () => {
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 4) throw new MaandError({ code: "UNHEALTHY", message: "api is sick" });
    };
    const summary = await ship("2.0.0", SOAK, { on_failure: "revert" });
    expect(summary).toMatchObject({ outcome: "reverted", failures: [{ code: "UNHEALTHY" }] });
    expect(summary.failures[0]?.message).toContain("into the soak of step 1 of 2 (1)");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });

  it("starts again after an interruption, and a failed check still reverts the release", async () => {
    bucket.fleet.onDone = (what) => {
      if (what === "verify api" && bucket.events.at(-1)?.type !== "rollout.soaking") stop.abort();
    };
    expect(await ship("2.0.0", SOAK, { on_failure: "revert" })).toMatchObject({
      outcome: "interrupted",
    });
    expect([running()[0], await position()]).toEqual(["2.0.0", 0]);
    stop = new AbortController();
    bucket.fleet.onDone = () => undefined;
    let checks = 0;
    bucket.fleet.onDo = (what) => {
      if (what === "verify api" && ++checks === 2) throw new MaandError({ code: "UNHEALTHY", message: "api is sick" });
    };
    expect(await bucket.deploy()).toMatchObject({ outcome: "reverted" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });
});

describe("a timed wait", () => {
  const WAIT = { steps: ["1", "1h", "100%"] };
  const interrupted = async () => {
    const interrupt = setInterval(() => {
      if (bucket.events.at(-1)?.type === "rollout.waiting") stop.abort();
    }, 5);
    const summary = await ship("2.0.0", WAIT);
    clearInterval(interrupt);
    stop = new AbortController();
    return summary;
  };
  const remaining = () => {
    const last = bucket.events.findLast(({ type }) => type === "rollout.waiting");
    return last?.type === "rollout.waiting" ? last.remaining_ms : 0;
  };

  it("ends without a resume, and the rollout continues", async () => {
    expect(await ship("2.0.0", { steps: ["1", "1s", "100%"] })).toMatchObject({ outcome: "ok" });
    expect(bucket.events.filter(({ type }) => type === "rollout.waiting")).toHaveLength(1);
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("lasts only for its remaining time after an interruption", async () => {
    expect(await interrupted()).toMatchObject({ outcome: "interrupted" });
    expect([remaining(), await position()]).toEqual([3_600_000, 1]);
    ahead = 3_599_900;
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(remaining()).toBeLessThan(101);
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("ends immediately if its end has passed during an interruption", async () => {
    await interrupted();
    ahead = 3_600_001;
    bucket.events.splice(0);
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(bucket.events.filter(({ type }) => type === "rollout.waiting")).toMatchObject([{ remaining_ms: 0 }]);
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("never lasts longer than its full time, even if the clock was set back", async () => {
    await interrupted();
    ahead = -86_400_000;
    const interrupt = setInterval(() => bucket.events.at(-1)?.type === "rollout.waiting" && stop.abort(), 5);
    expect(await bucket.deploy()).toMatchObject({ outcome: "interrupted" });
    clearInterval(interrupt);
    expect(remaining()).toBe(3_600_000);
  });

  it("can be aborted after an interruption, but not rolled back", async () => {
    await interrupted();
    expect(await problemsOf(opened((open) => rollback(open, { jobs: ["api"] })))).toEqual([
      expect.stringContaining("rollout_paused"),
    ]);
    expect(await abort()).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });
});

describe("during a pause", () => {
  beforeEach(async () => {
    expect(await ship("2.0.0")).toMatchObject({ outcome: "paused" });
    steps();
  });

  it("a new release starts at its first step, and an abort restores the last completely deployed release", async () => {
    const summary = await ship("3.0.0");
    expect(summary).toMatchObject({ outcome: "paused", paused: [{ release: "r3", previous: "r1", step: 2 }] });
    expect(summary.warnings).toEqual(["r3 of api replaces r2, whose rollout was at step 2"]);
    expect(running()).toEqual(["3.0.0", "1.0.0", "1.0.0", "1.0.0"]);
    await abort();
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });

  it("a build of a new release prevents a resume and allows a rollback", async () => {
    write("3.0.0");
    await bucket.build();
    expect(await problemsOf(resume())).toEqual([
      "rollout_replaced: maand deploy rolls out r3 from its first step; maand rollback api goes back",
    ]);
    expect(await opened((open) => rollback(open, { jobs: ["api"] }))).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0", "1.0.0"]);
  });

  it("a new release without steps is deployed everywhere", async () => {
    bucket.job("api", { selectors: ["worker"], version: "3.0.0" }, { "app.conf": "3.0.0\n" });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect([running(), await position()]).toEqual([["3.0.0", "3.0.0", "3.0.0", "3.0.0"], undefined]);
  });

  it("a build of the previous release is deployed without steps", async () => {
    expect(await ship("1.0.0")).toMatchObject({ outcome: "ok" });
    expect([running(), await position()]).toEqual([["1.0.0", "1.0.0", "1.0.0", "1.0.0"], undefined]);
  });

  it("a disabled allocation is stopped, and waits for its step after being enabled again", async () => {
    bucket.disable({ jobs: { api: { allocations: [A, C] } } });
    expect(await bucket.ship()).toMatchObject({ outcome: "paused" });
    expect(running()).toEqual([undefined, "1.0.0", undefined, "1.0.0"]);
    bucket.disable({});
    expect(await bucket.ship()).toMatchObject({ outcome: "paused" });
    expect(running()).toEqual([undefined, "1.0.0", undefined, "1.0.0"]);
    while ((await resume()).outcome === "paused");
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0"]);
  });

  it("a new worker waits for its step", async () => {
    bucket.workers(...HOSTS, "10.0.0.5");
    expect(await bucket.ship()).toMatchObject({ outcome: "paused", paused: [{ waiting: [B, C, D, "10.0.0.5"] }] });
    while ((await resume()).outcome === "paused");
    expect(bucket.fleet.running()["api@10.0.0.5"]).toBe("2.0.0");
  });

  it("the rollout is complete when the waiting workers are removed", async () => {
    bucket.workers(A);
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect([running()[0], await position(), (await verdicts())[0]]).toEqual([
      "2.0.0",
      undefined,
      ["r2", "good", undefined],
    ]);
  });

  it("a removed job is stopped, and is deployed without steps if it is added again", async () => {
    bucket.removeJob("api");
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(running()).toEqual([undefined, undefined, undefined, undefined]);
    write("2.0.0");
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect([running(), await position()]).toEqual([["2.0.0", "2.0.0", "2.0.0", "2.0.0"], undefined]);
  });

  it("a dry run plans nothing for waiting allocations, and changes nothing", async () => {
    const plan = await bucket.plan();
    expect(plan.required).toBe(false);
    expect(plan.waves[0]?.jobs[0]?.steps).toMatchObject({ state: "paused", open: { step: 1 } });
    expect(plan.waves[0]?.jobs[0]?.allocations.map(({ decision }) => decision.action)).toEqual(["skip"]);
    expect(await position()).toBe(1);
  });
});
