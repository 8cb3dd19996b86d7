import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenedBucket } from "../../bucket/open.ts";
import { build } from "../../build/build.ts";
import { MaandError } from "../../errors.ts";
import type { Plan, PlanOptions } from "../../plan/plan-deploy.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import type { Summary } from "../../run-result.ts";
import { deployments } from "../../store/views/deployments.ts";
import { jobReleases } from "../../store/views/releases.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import type { RollbackTarget } from "./choose-releases.ts";
import { deployRelease, planRollback, rollback } from "./rollback.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;
let reasons: string[];

beforeEach(() => {
  reasons = [];
  const spy: Plugin = {
    name: "spy",
    apply: (hooks) =>
      hooks.rollout.tap("spy", ({ env, action, job, allocation }) => {
        const { CURRENT_VERSION, NEW_VERSION, DEPLOY_REASON } = env;
        reasons.push(
          `${action.kind} ${job.name}@${allocation.host} ${CURRENT_VERSION}->${NEW_VERSION} ${DEPLOY_REASON}`,
        );
      }),
  };
  bucket = aBucket({ plugins: [spy] });
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
  bucket.job("api", { selectors: ["worker"], version, ...more }, { "app.conf": `${version}\n` });

async function ship(version: string): Promise<Summary> {
  write(version);
  return bucket.ship();
}

const back = (target: Partial<RollbackTarget> = {}) => opened((open) => rollback(open, { jobs: ["api"], ...target }));

const plan = (target: Partial<RollbackTarget> = {}, options: Pick<PlanOptions, "diff"> = {}) =>
  opened((open) => planRollback(open, { jobs: ["api"], ...target }, options));

const running = (job = "api") => [A, B, C].map((host) => bucket.fleet.running()[`${job}@${host}`]);

const lines = () =>
  opened(({ store }) =>
    jobReleases(store, "api").map(({ release, verdict, hold, isWanted }) =>
      [release, verdict, ...(hold ? ["held"] : []), ...(isWanted ? ["wanted"] : [])].join(" "),
    ),
  );

const steps = () => bucket.fleet.done.splice(0).filter((done) => !done.startsWith("stage"));

describe("a rollback", () => {
  beforeEach(async () => {
    await ship("1.0.0");
    await ship("1.1.0");
    steps();
    reasons.splice(0);
  });

  it("rolls out the last good release in batches, and hooks receive the reason rollback", async () => {
    expect((await back()).outcome).toBe("ok");
    expect(steps()).toEqual([`restart api@${A}`, `restart api@${B}`, `restart api@${C}`]);
    expect(reasons).toEqual([A, B, C].map((host) => `restart api@${host} 1.1.0->1.0.0 rollback`));
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(bucket.fleet.at("api", A)?.files["app.conf"]).toBe("1.0.0\n");
    expect(await lines()).toEqual(["r2 good held", "r1 good wanted"]);
  });

  it("holds the replaced release, and later builds and deploys report the hold", async () => {
    await back();
    const built = await bucket.build();
    expect(built.held[0]?.text).toMatch(
      /^api is held: r2 \(1\.1\.0\) was rolled back on .* by .*, so r1 \(1\.0\.0\) is deployed instead; .* maand deploy --jobs api --release r2$/,
    );
    const { outcome, warnings } = await bucket.deploy({ force: true });
    expect([outcome, warnings]).toEqual(["ok", [built.held[0]?.text]]);
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect((await bucket.plan()).held).toEqual(built.held);
    expect(await opened(({ store }) => deployments(store).map(({ rollout, held }) => [rollout, held]))).toEqual(
      [A, B, C].map(() => ["promoted", 2]),
    );
  });

  it("stays in effect until the workspace has a new release", async () => {
    await back();
    expect((await ship("1.2.0")).warnings).toEqual([]);
    expect(running()).toEqual(["1.2.0", "1.2.0", "1.2.0"]);
    expect(await lines()).toEqual(["r3 good wanted", "r2 good", "r1 good"]);
    expect(reasons.at(-1)).toBe(`restart api@${C} 1.0.0->1.2.0 upgrade`);
  });

  it("applies again when the workspace contains the held release again", async () => {
    await back();
    await ship("1.2.0");
    await ship("1.1.0");
    expect(running()).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
    expect(await lines()).toEqual(["r3 good", "r2 good held", "r1 good wanted"]);
  });

  it("stays in effect until the held release is deployed by name", async () => {
    await back();
    const options = { job: "api", release: "r2", force: false, syncOnly: false };
    const { outcome, warnings } = await opened((open) => deployRelease(open, options));
    expect([outcome, warnings]).toEqual(["ok", []]);
    expect(running()).toEqual(["1.1.0", "1.1.0", "1.1.0"]);
    expect((await bucket.build()).held).toEqual([]);
    expect(await lines()).toEqual(["r2 good wanted", "r1 good"]);
  });

  it("restores a named release or version, and otherwise the last good release", async () => {
    await ship("1.2.0");
    await back({ to: "1.0.0" });
    expect(running()[0]).toBe("1.0.0");
    await back({ to: "r3" });
    expect(running()[0]).toBe("1.2.0");
    await back();
    expect(running()[0]).toBe("1.0.0");
  });

  it("skips a bad release if no release is named", async () => {
    write("1.2.0");
    bucket.fleet.fail("verify api");
    await bucket.ship();
    bucket.fleet.repair();
    await ship("1.3.0");
    await back();
    expect(running()[0]).toBe("1.1.0");
  });

  it("renders the release with the current variables", async () => {
    bucket.write("bucket.conf", 'greeting = "hello"\n');
    await bucket.ship();
    await opened((open) => open.store.transaction(() => open.kv.put("vars/job/api", "mine", "kept")));
    await back();
    expect(await opened(({ kv }) => [kv.find("vars/bucket", "greeting"), kv.find("vars/job/api", "mine")])).toEqual([
      "hello",
      "kept",
    ]);
    expect(await opened(({ kv }) => kv.find("maand/job/api", "version"))).toBe("1.0.0");
  });

  it("does nothing if the named release already runs", async () => {
    expect((await back({ to: "1.1.0" })).outcome).toBe("ok");
    expect(steps()).toEqual([]);
    expect(await lines()).toEqual(["r2 good wanted", "r1 good"]);
  });

  it("does not deploy changes made in the workspace since the build", async () => {
    bucket.job("web", { selectors: ["worker"] });
    write("1.2.0");
    await back();
    expect(running("web")).toEqual([undefined, undefined, undefined]);
    expect(running()[0]).toBe("1.0.0");
  });

  it("deploys no other job", async () => {
    bucket.job("web", { selectors: ["worker"], version: "1.0.0" });
    await bucket.build();
    await back();
    expect(running("web")).toEqual([undefined, undefined, undefined]);
  });
});

describe("a dry run of a rollback", () => {
  it("shows the actions and diffs of the rollback and changes nothing", async () => {
    await ship("1.0.0");
    await ship("1.1.0");
    steps();
    const shown = await plan({}, { diff: true });
    expect(actions(shown)).toEqual([A, B, C].map((host) => `api@${host} restart 1.0.0`));
    expect([...(shown.diffs?.values() ?? [])][0]?.find(({ path }) => path === "app.conf")?.diff).toContain(
      "-1.1.0\n+1.0.0\n",
    );
    expect(steps()).toEqual([]);
    expect(await lines()).toEqual(["r2 good wanted", "r1 good"]);
    expect(actions(await bucket.plan())).toEqual([A, B, C].map((host) => `api@${host} skip 1.1.0`));
  });
});

function actions({ waves }: Plan): string[] {
  return waves.flatMap(({ jobs }) =>
    jobs.flatMap(({ job, allocations }) =>
      allocations.map(
        ({ allocation, decision, target }) => `${job.name}@${allocation.host} ${decision.action} ${target.version}`,
      ),
    ),
  );
}

describe("a rollback of several jobs", () => {
  const demanding = (version: string) =>
    bucket.job("web", {
      selectors: ["worker"],
      version,
      commands: { command_a: { executed_on: ["cli"], demands: { job: "api", command: "command_b" } } },
    });
  const demanded = (version: string) => write(version, { commands: { command_b: { executed_on: ["cli"] } } });

  beforeEach(async () => {
    demanded("1.0.0");
    demanding("1.0.0");
    await bucket.ship();
    demanded("2.0.0");
    demanding("2.0.0");
    await bucket.ship();
    steps();
  });

  it("rolls back a job before the jobs that it depends on", async () => {
    expect((await back({ jobs: ["api", "web"] })).outcome).toBe("ok");
    expect(steps().map((done) => done.split("@")[0])).toEqual([
      ...["restart web", "restart web", "restart web"],
      ...["restart api", "restart api", "restart api"],
    ]);
  });

  it("rolls back every job that a run rolled out with --run", async () => {
    await back({ jobs: [], run: 2 });
    expect([running()[0], running("web")[0]]).toEqual(["1.0.0", "1.0.0"]);
    await expect(back({ jobs: [], run: 1 })).rejects.toMatchObject({
      problems: [{ message: "no release of api ran before run 1" }, { message: "no release of web ran before run 1" }],
    });
    await expect(back({ jobs: [], run: 99 })).rejects.toThrow(/no record says that run 99 rolled out a job/);
  });

  it("leaves a job unchanged if a dependent job could not be rolled back", async () => {
    bucket.fleet.fail(`restart web@${A}`);
    const { outcome, blocked } = await back({ jobs: ["api", "web"] });
    expect([outcome, blocked]).toEqual(["failed", [{ job: "api", by: "web" }]]);
    expect(running()).toEqual(["2.0.0", "2.0.0", "2.0.0"]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect([running()[0], running("web")[0]]).toEqual(["1.0.0", "1.0.0"]);
  });
});

describe("a rollback that failed on one worker", () => {
  beforeEach(async () => {
    await ship("1.0.0");
    await ship("1.1.0");
    await ship("1.2.0");
    steps();
    bucket.fleet.fail(`restart api@${B}`, new MaandError({ code: "UNREACHABLE", message: "away" }));
    expect((await back()).outcome).toBe("failed");
    bucket.fleet.repair();
    reasons.splice(0);
  });

  it("is continued by the next deploy, and hooks still receive the reason rollback", async () => {
    await bucket.deploy();
    expect(running()).toEqual(["1.1.0", "1.1.0", "1.1.0"]);
    expect(reasons).toEqual([`restart api@${B} 1.2.0->1.1.0 rollback`, `restart api@${C} 1.2.0->1.1.0 rollback`]);
  });

  it("is continued by a second rollback to the same release", async () => {
    await back();
    expect(running()).toEqual(["1.1.0", "1.1.0", "1.1.0"]);
  });
});

describe("a rollback is refused before anything happens", () => {
  const untouched = async () => {
    expect(steps()).toEqual([]);
    expect(await opened(({ store }) => store.releases.held())).toEqual([]);
  };

  it("if the release does not exist, with an error that lists the existing releases", async () => {
    await ship("1.0.0");
    steps();
    await expect(back({ to: "r9" })).rejects.toMatchObject({
      problems: [{ message: "api has no release r9", hint: "it has r1 (1.0.0)" }],
    });
    await untouched();
  });

  it("if no earlier release was good, or if the job is unknown", async () => {
    await ship("1.0.0");
    steps();
    await expect(back()).rejects.toThrow("no other release of api was healthy on all its allocations");
    await expect(back({ jobs: ["app"] })).rejects.toThrow('there is no job "app"');
    await untouched();
  });

  it("if another job now uses a port of the release", async () => {
    write("1.0.0", { resources: { ports: { http: 8080 } } });
    await bucket.ship();
    await ship("1.1.0");
    bucket.job("web", { selectors: ["worker"], resources: { ports: { front: 8080 } } });
    await bucket.ship();
    steps();
    await expect(back()).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [expect.objectContaining({ where: expect.stringMatching(/api r1: manifest\.json|web/) })],
    });
    await untouched();
  });

  it("if the release depends on a removed job", async () => {
    bucket.job("db", { selectors: ["worker"], version: "1.0.0", commands: { command_b: { executed_on: ["cli"] } } });
    write("1.0.0", {
      commands: { command_a: { executed_on: ["cli"], demands: { job: "db", command: "command_b" } } },
    });
    await bucket.ship();
    bucket.removeJob("db");
    await ship("1.1.0");
    steps();
    await expect(back()).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [expect.objectContaining({ where: expect.stringContaining("api r1: manifest.json") })],
    });
    await untouched();
  });

  it("if a plugin does not permit it", async () => {
    bucket.dispose();
    let frozen = false;
    const freeze: Plugin = {
      name: "freeze",
      apply: (hooks) =>
        hooks.begin.tap("freeze", () => {
          if (frozen) throw new MaandError({ code: "NOT_PERMITTED", message: "it is frozen" });
        }),
    };
    bucket = aBucket({ plugins: [freeze] });
    bucket.workers(A);
    await ship("1.0.0");
    await ship("1.1.0");
    steps();
    frozen = true;
    await expect(back()).rejects.toThrow("it is frozen");
    await untouched();
  });
});

it("a job that was rolled back keeps its release when another job is built", async () => {
  await ship("1.0.0");
  await ship("1.1.0");
  await back();
  bucket.job("web", { selectors: ["worker"], version: "3.0.0" });
  await opened((open) => build(open));
  await bucket.deploy();
  expect([running()[0], running("web")[0]]).toEqual(["1.0.0", "3.0.0"]);
});
