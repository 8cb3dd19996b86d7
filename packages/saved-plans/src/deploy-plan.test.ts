import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePlugin } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sealPlan } from "./file/plan-file.ts";
import { apply, done, fill, PRE_DEPLOY, planned, preDeploy, put } from "./plans.test.support.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const ONE = { selectors: ["worker"], version: "1.0.0" };
const TWO = { selectors: ["worker"], version: "2.0.0" };

const NO_JOB = { version: "", release: null, files: "", manifest: "", held: null, after_pending: false };

/** The values that the hooks before a job write. Tests change them. */
const writes: Record<string, string> = {};
let bucket: TestBucket;

beforeEach(() => {
  for (const key of Object.keys(writes)) delete writes[key];
  bucket = aBucket({ plugins: [fill, preDeploy(writes)] });
  bucket.workers(A, B);
});
afterEach(() => bucket.dispose());

async function refusal(plan: Parameters<typeof apply>[1]) {
  const before = bucket.fleet.connected.length;
  const thrown: unknown = await apply(bucket, plan).catch((cause: unknown) => cause);
  expect([bucket.fleet.connected.length, done(bucket)]).toEqual([before, []]);
  return thrown;
}

const staleBecause = (...changes: readonly string[]) =>
  expect.objectContaining({
    code: "PLAN_STALE",
    problems: changes.map((change) => {
      const [where, message] = change.split(": ");
      return expect.objectContaining({ where, message });
    }),
  });

describe("a plan that is still valid", () => {
  it("is carried out as written, and the next plan is empty", async () => {
    bucket.job("api", ONE);
    bucket.job("web", ONE);
    await bucket.ship();
    bucket.job("api", TWO);
    await bucket.build();
    done(bucket);
    const plan = await planned(bucket);
    expect(plan.waves[0]?.jobs.map(({ job, required }) => [job, required])).toEqual([
      ["api", true],
      ["web", false],
    ]);
    expect((await apply(bucket, plan)).outcome).toBe("ok");
    expect(done(bucket)).toEqual([`stage ${A}`, `stage ${B}`, `restart api@${A}`, `restart api@${B}`]);
    expect((await planned(bucket)).required).toBe(false);
  });

  it("covers only the jobs that it was made for", async () => {
    bucket.job("api", ONE);
    bucket.job("web", ONE);
    await bucket.ship();
    bucket.job("api", TWO);
    bucket.job("web", TWO);
    await bucket.build();
    done(bucket);
    await apply(bucket, await planned(bucket, { jobs: ["api"] }));
    expect(done(bucket).filter((what) => what.includes("web"))).toEqual([]);
  });

  it("stops what it lists, and promotes disabled allocations", async () => {
    bucket.job("api", ONE);
    bucket.job("web", ONE);
    await bucket.ship();
    bucket.removeJob("web");
    bucket.job("api", TWO);
    bucket.disable({ jobs: { api: { allocations: [A] } } });
    await bucket.build();
    done(bucket);
    const summary = await apply(bucket, await planned(bucket));
    expect(summary).toMatchObject({ outcome: "ok", failures: [] });
    expect(done(bucket).sort()).toEqual(
      [
        `remove web@${A}`,
        `remove web@${B}`,
        `restart api@${B}`,
        `stage ${A}`,
        `stage ${B}`,
        `stop api@${A}`,
        `stop web@${A}`,
        `stop web@${B}`,
      ].sort(),
    );
  });

  it("of an unchanged bucket does nothing, renders nothing, and accounts for every allocation", async () => {
    let rendered = 0;
    const counter = definePlugin({
      name: "counter",
      apply: ({ render }) =>
        render.tap("counter", (tree) => {
          rendered += 1;
          return tree;
        }),
    });
    const other = aBucket({ plugins: [counter] });
    try {
      other.workers(A, B);
      other.job("api", ONE);
      await other.ship();
      const plan = await planned(other);
      rendered = 0;
      const summary = await apply(other, plan);
      expect(rendered).toBe(0);
      expect(summary.outcome).toBe("ok");
      expect(summary.allocations.map(({ host, outcome }) => [host, outcome])).toEqual([
        [A, "skipped"],
        [B, "skipped"],
      ]);
    } finally {
      other.dispose();
    }
  });

  it("records a new release and a new plan even for a job whose allocations do not change", async () => {
    bucket.job("api", ONE);
    await bucket.ship();
    bucket.job("api", ONE, { "_modules/note.py": "# a source, which reaches no worker\n" });
    await bucket.build();
    const state = async () => {
      const { store, close } = await bucket.open();
      const found = store.jobStates.of(["api"]).get("api")?.release;
      const sources = new Set([...store.promoted.planned().values()].map(({ source }) => source));
      await close();
      return { found, sources: [...sources] };
    };
    const before = await state();
    expect(await apply(bucket, await planned(bucket))).toMatchObject({ outcome: "ok" });
    const after = await state();
    expect([before.found, after.found]).toEqual([1, 2]);
    expect(after.sources).not.toEqual(before.sources);

    const opened = await bucket.open();
    for (const { id } of opened.store.catalog.allocations())
      opened.store.promoted.plan(id, { digest: "0".repeat(64), source: before.sources[0] ?? "" });
    await opened.close();
    await apply(bucket, await planned(bucket));
    expect((await state()).sources).toEqual(after.sources);
    expect(done(bucket).filter((what) => what.startsWith("restart"))).toEqual([]);
  });

  it("is the same when it is made again, and its file contains no secret", async () => {
    bucket.job("api", ONE, { "app.fill": "color @color\npassword @password\n" });
    await put(bucket, "vars/job/api", "color", "red");
    await put(bucket, "secrets/job/api", "password", "hunter2-is-long");
    await bucket.build();
    const plan = await planned(bucket);
    expect(await planned(bucket)).toEqual(plan);
    const text = JSON.stringify(plan);
    expect(text).not.toContain("hunter2");
    expect(plan.waves[0]?.jobs[0]?.allocations[0]).toMatchObject({ action: "start", current_hash: null });
    expect(plan.rests_on.kv).toMatchObject({
      "vars/job/api": { color: expect.stringMatching(/^[0-9a-f]{16}$/) },
      "secrets/job/api": { password: expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
  });

  it("gives plugins its digest before anything begins", async () => {
    const seen: unknown[] = [];
    const gate = definePlugin({
      name: "gate",
      apply: ({ begin }) => begin.tap("gate", ({ plan }) => void seen.push(plan)),
    });
    const other = aBucket({ plugins: [gate] });
    try {
      other.workers(A);
      other.job("api", ONE);
      await other.build();
      const plan = await planned(other);
      await apply(other, plan);
      await other.deploy();
      expect(seen).toEqual([plan.digest, undefined]);
    } finally {
      other.dispose();
    }
  });
});

describe("a plan whose deploy is pending", () => {
  beforeEach(async () => {
    bucket.job("api", ONE, { "app.fill": "color @color\n" });
    bucket.job("web", ONE);
    await put(bucket, "vars/job/api", "color", "red");
    await bucket.ship();
    bucket.job("api", TWO, { "app.fill": "color @color!\n" });
    await bucket.build();
    done(bucket);
  });

  it("is refused with the reason, and changes nothing, if a KV value that the plan used has changed", async () => {
    const plan = await planned(bucket);
    await put(bucket, "vars/job/api", "color", "blue");
    expect(await refusal(plan)).toEqual(staleBecause("KV vars/job/api color: changed"));
  });

  it("is carried out if only a value that it did not use has changed", async () => {
    const plan = await planned(bucket);
    await put(bucket, "vars/job/web", "color", "blue");
    await put(bucket, "vars/job/api", "shape", "round");
    expect((await apply(bucket, plan)).outcome).toBe("ok");
  });

  it("is refused with the reason, and changes nothing, if a job was built again", async () => {
    const plan = await planned(bucket);
    bucket.job("api", { ...TWO, version: "3.0.0" }, { "app.fill": "color @color!\n" });
    await bucket.build();
    expect(await refusal(plan)).toEqual(
      staleBecause(
        "job api: version 2.0.0 -> 3.0.0; its files changed (now r3); its manifest, or its place in the catalog, changed",
      ),
    );
  });

  it("is refused with the reason, and changes nothing, if another job that the plan covers was built again", async () => {
    const [all, api] = [await planned(bucket), await planned(bucket, { jobs: ["api"] })];
    bucket.job("web", TWO);
    await bucket.build();
    expect(await refusal(all)).toMatchObject({
      code: "PLAN_STALE",
      message: expect.stringContaining("job web: version"),
    });
    expect((await apply(bucket, api)).outcome).toBe("ok");
  });

  it("is refused with the reason, and changes nothing, if something has been deployed since", async () => {
    const plan = await planned(bucket);
    await bucket.deploy({ jobs: ["api"] });
    done(bucket);
    expect(await refusal(plan)).toMatchObject({
      code: "PLAN_STALE",
      message: `the plan is out of date: job api: its recorded state on ${A}, ${B} changed; later runs: 2 (deploy)`,
    });
  });

  it("is refused with the reason, and changes nothing, if a job that the plan does not change has failed on a worker since", async () => {
    const plan = await planned(bucket);
    bucket.fleet.onDo = (what) => {
      if (what === `restart web@${B}`) throw new Error("no");
    };
    expect(await bucket.deploy({ jobs: ["web"], force: true })).toMatchObject({ outcome: "failed" });
    bucket.fleet.onDo = () => undefined;
    done(bucket);
    expect(await refusal(plan)).toEqual(staleBecause(`job web: its recorded state on ${B} changed`));
  });

  it("is refused with the reason, and changes nothing, if a worker was added or changed, or is to be drained", async () => {
    const plan = await planned(bucket);
    bucket.workers(A, B, "10.0.0.3");
    await bucket.build();
    expect(await refusal(plan)).toEqual(
      staleBecause(
        "job api: is now also on 10.0.0.3",
        "job web: is now also on 10.0.0.3",
        "KV maand/job/api rollout_order: changed",
      ),
    );
    bucket.workers(A, { host: B, tags: { rack: "7" } });
    await bucket.build();
    expect(await refusal(plan)).toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ where: `worker ${B}`, message: "its entry in workers.json changed" }),
      ]),
    });
    bucket.workers(A, B);
    bucket.disable({ workers: [B] });
    await bucket.build();
    expect(await refusal(plan)).toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ where: `job web on ${B}`, message: "will be stopped" }),
      ]),
    });
  });

  it("is refused with the reason, and changes nothing, if a setting of the bucket has changed", async () => {
    const plan = await planned(bucket);
    writeFileSync(join(bucket.root, "maand.conf"), 'transport = "fake"\nmax_concurrent_jobs = 2\n');
    expect(await refusal(plan)).toEqual(staleBecause("setting max_concurrent_jobs: changed"));
  });

  it("is refused with the reason, and changes nothing, if a plugin renders something else, although no recorded input changed", async () => {
    let mood = "calm";
    const moody = definePlugin({
      name: "moody",
      apply: ({ render }) =>
        render.tap("moody", ({ files }) => ({ files: files.map((file) => ({ ...file, content: Buffer.from(mood) })) })),
    });
    const other = aBucket({ plugins: [moody] });
    try {
      other.workers(A);
      other.job("api", ONE);
      await other.build();
      const plan = await planned(other);
      mood = "wild";
      await expect(apply(other, plan)).rejects.toMatchObject({
        code: "PLAN_STALE",
        message: `the plan is out of date: job api: on ${A} its files differ`,
      });
      expect(other.fleet.done).toEqual([]);
    } finally {
      other.dispose();
    }
  });

  it("leaves the lock free for the next deploy after it was refused, and that deploy continues no run", async () => {
    const plan = await planned(bucket);
    await put(bucket, "vars/job/api", "color", "blue");
    await refusal(plan);
    bucket.events.length = 0;
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(bucket.events.find(({ type }) => type === "run.started")).toMatchObject({ continues: null });
  });
});

describe("a plan that cannot be applied here", () => {
  const invalid = (message: string) =>
    expect.objectContaining({ code: "PLAN_INVALID", message: expect.stringContaining(message) });

  it("is refused in another bucket, with an error that names both buckets", async () => {
    bucket.job("api", ONE);
    await bucket.build();
    const plan = await planned(bucket);
    expect(await refusal(sealPlan({ ...plan, bucket: "another" }))).toEqual(
      invalid("the plan is for the bucket another"),
    );
  });

  it("is refused the second time", async () => {
    bucket.job("api", ONE);
    await bucket.ship();
    const plan = await planned(bucket, { force: true });
    expect((await apply(bucket, plan)).outcome).toBe("ok");
    done(bucket);
    expect(await refusal(plan)).toEqual(invalid("the plan was already carried out by run 2"));
  });

  it("is refused the second time even if the first run failed", async () => {
    bucket.job("api", ONE);
    await bucket.build();
    const plan = await planned(bucket);
    bucket.fleet.onDo = (what) => {
      if (what === `start api@${A}`) throw new Error("no");
    };
    expect((await apply(bucket, plan)).outcome).toBe("failed");
    bucket.fleet.onDo = () => undefined;
    done(bucket);
    expect(await refusal(plan)).toEqual(invalid("the plan was already carried out by run 1"));
  });

  it("is applied by only one of two runs, even if both have checked it", async () => {
    bucket.job("api", ONE);
    await bucket.build();
    const { digest } = await planned(bucket);
    const opened = await bucket.open();
    try {
      const { journal } = opened.store;
      const [one, two] = ["a", "b"].map((id) => journal.beginRun(id, "deploy", "2026-01-01T00:00:00.000Z"));
      expect([journal.claimPlan(one ?? 0, digest), journal.claimPlan(two ?? 0, digest)]).toEqual([undefined, one]);
      expect(journal.claimPlan(one ?? 0, digest)).toBeUndefined();
      expect(journal.runOfPlan(digest)).toBe(one);
    } finally {
      await opened.close();
    }
  });

  it("releases the lock after being refused, whatever the reason", async () => {
    bucket.job("api", ONE);
    await bucket.build();
    const plan = await planned(bucket);
    const reasons = [
      sealPlan({ ...plan, bucket: "another" }),
      sealPlan({ ...plan, rests_on: { ...plan.rests_on, maand: "0.0.0" } }),
      sealPlan({
        ...plan,
        rests_on: { ...plan.rests_on, jobs: { ...plan.rests_on.jobs, gone: plan.rests_on.jobs.api ?? NO_JOB } },
      }),
    ];
    for (const edited of reasons) {
      await refusal(edited);
      const opened = await bucket.open();
      expect(opened.store.holder.read()).toBeUndefined();
      await opened.close();
    }
    expect((await apply(bucket, plan)).outcome).toBe("ok");
  });

  it("is refused if it names a removed job, with a list of the existing jobs", async () => {
    bucket.job("api", ONE);
    bucket.job("web", ONE);
    await bucket.build();
    const plan = await planned(bucket, { jobs: ["api"] });
    bucket.removeJob("api");
    await bucket.build();
    expect(await refusal(plan)).toMatchObject({
      code: "PLAN_INVALID",
      message: "the plan is for api, but the bucket no longer has this job",
      hint: "make a new plan; the jobs are: web",
    });
  });
});

describe("pre_deploy", () => {
  const WITH_HOOK = { ...ONE, ...PRE_DEPLOY };

  beforeEach(() => {
    bucket.job("api", WITH_HOOK, { "app.fill": "color @color\n", "_modules/command_before.py": "\n" });
    bucket.job("web", ONE);
  });

  it("is part of a plan with hooks, which is carried out if the effect of pre_deploy is the same", async () => {
    writes.color = "red";
    await bucket.build();
    const plan = await planned(bucket, { withHooks: true });
    expect(plan.waves[0]?.jobs).toMatchObject([
      { job: "api", pre_deploy: "was run" },
      { job: "web", pre_deploy: "none" },
    ]);
    expect((await apply(bucket, plan)).outcome).toBe("ok");
    expect(bucket.fleet.at("api", A)?.files["app.fill"]).toBe("color red\n");
  });

  it("makes its job fail and blocks dependent jobs if its effect differs; other jobs continue", async () => {
    writes.color = "red";
    const demand = {
      commands: { command_wait: { executed_on: ["cli"], demands: { job: "api", command: "command_before" } } },
    };
    bucket.job("last", { ...ONE, ...demand }, { "_modules/command_wait.py": "\n" });
    await bucket.build();
    const plan = await planned(bucket, { withHooks: true });
    writes.color = "blue";
    const summary = await apply(bucket, plan);
    expect(summary).toMatchObject({
      outcome: "failed",
      failures: [{ job: "api", code: "PLAN_DIFFERS", message: expect.stringContaining(`on ${A} its files differ`) }],
      blocked: [{ job: "last", by: "api" }],
    });
    expect(Object.keys(bucket.fleet.running()).sort()).toEqual([`web@${A}`, `web@${B}`]);
    expect((await bucket.deploy()).outcome).toBe("ok");
  });

  it("may leave its job undecided in a plan without hooks, which then does not change the job", async () => {
    writes.color = "red";
    await bucket.build();
    const plan = await planned(bucket);
    expect(plan.undecided.map(({ job }) => job)).toEqual(["api"]);
    const summary = await apply(bucket, plan);
    expect(summary.failures).toMatchObject([{ job: "api", code: "PLAN_DIFFERS" }]);
    expect(Object.keys(bucket.fleet.running()).sort()).toEqual([`web@${A}`, `web@${B}`]);
  });

  it("also runs for an unchanged job if it changes nothing", async () => {
    writes.color = "red";
    await bucket.ship();
    const plan = await planned(bucket, { withHooks: true });
    expect(plan.required).toBe(false);
    writes.color = "blue";
    expect(await apply(bucket, plan)).toMatchObject({ failures: [{ job: "api", code: "PLAN_DIFFERS" }] });
  });
});
