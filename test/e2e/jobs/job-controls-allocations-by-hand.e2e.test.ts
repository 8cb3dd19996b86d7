import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";

/** Tests the subcommands of `maand job`. */

let bucket: LocalBucket;
const ONE = "127.0.0.11";
const TWO = "127.0.0.12";
const STARTED = "start 0.0.0 1.0.0";

/** Every test begins with a job that runs on two workers. */
let running: LocalBucket;

beforeAll(async () => {
  running = await localBucket(2);
  running.job("api", { version: "1.0.0", selectors: ["worker"] });
  await running.type("maand build && maand deploy");
});

afterAll(() => running.dispose());

beforeEach(() => {
  bucket = running.copy();
});

afterEach(() => bucket.dispose());

const targets = (host: string) => bucket.lifecycle("api", host).map((line) => line.split(" ")[0]);

describe("maand job", () => {
  it("runs start, stop, restart, reload, status and custom targets on every worker of the job", async () => {
    await bucket.type(`maand job stop api
maand job start api
maand job restart api
maand job run api --target reload
maand job run api --target migrate
maand job run api --target stop
maand job status api`);
    for (const host of [ONE, TWO])
      expect(targets(host)).toEqual(["start", "stop", "start", "restart", "reload", "migrate", "stop", "status"]);
  });

  it("runs only on the workers that --allocations lists", async () => {
    await bucket.type(`maand job stop api --allocations ${TWO}`);
    expect([targets(ONE), targets(TWO)]).toEqual([["start"], ["start", "stop"]]);
    await bucket.type(`maand job restart api --allocations ${ONE},${TWO}`);
    expect([targets(ONE), targets(TWO)]).toEqual([
      ["start", "restart"],
      ["start", "stop", "restart"],
    ]);
  });

  it("writes to the logs as maand=job, with the target as the action", async () => {
    await bucket.type(`maand job restart api --allocations ${TWO}`);
    const [begun = ""] = bucket.read(`logs/${TWO}.log`).match(/.*event=command_begin .*job_control.*/) ?? [];
    expect(begun).toContain(` maand=job seq=1 worker=${TWO} job=api phase=job_control action=restart `);
    expect(bucket.read("logs/maand.log")).toContain(`maand=job seq=1 worker=- cmd="job restart"`);
  });

  it("run requires --target, and validates its name", async () => {
    expect(await bucket.maand("job", "run", "api")).toMatchObject({ code: 2 });
    for (const target of ["a b", "a;b", "$(id)", "-n", "../x"])
      expect(await bucket.maand("job", "run", "api", `--target=${target}`)).toMatchObject({ code: 2 });
    expect(targets(ONE)).toEqual(["start"]);
    const missing = await bucket.maand("job", "run", "api", "--target", "unheard_of");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("unheard_of") });
  });

  it("checks the job's health after the action with --health_check, and fails if it is unhealthy", async () => {
    const checks = { checks: [{ type: "tcp", port: "http" }], wait: { attempts: 1, interval_seconds: 0.1 } };
    const ports = { resources: { ports: { http: 47_003 } } };
    bucket.job("sick", { version: "1.0.0", selectors: ["worker"], ...ports });
    await bucket.type("maand build && maand deploy");
    bucket.job("sick", { version: "1.0.0", selectors: ["worker"], health_check: checks, ...ports });
    await bucket.type("maand build");
    expect(await bucket.maand("job", "restart", "sick")).toMatchObject({ code: 0 });
    for (const words of [["start"], ["stop"], ["restart"], ["run", "--target", "reload"]]) {
      const [word = "", ...flags] = words;
      expect(await bucket.maand("job", word, "sick", ...flags, "--health_check"), word).toMatchObject({ code: 1 });
    }
    const quiet = await bucket.maand("job", "restart", "sick", "--health_check", "-q");
    expect(quiet).toMatchObject({ code: 1, stderr: expect.stringContaining("sick is not healthy") });
  });

  it("create writes a job with the given selectors", async () => {
    await bucket.type("maand job create myservice --selectors worker\nmaand job create other --selectors web,ssd");
    expect(JSON.parse(bucket.read("workspace/jobs/myservice/manifest.json")).selectors).toEqual(["worker"]);
    expect(JSON.parse(bucket.read("workspace/jobs/other/manifest.json")).selectors).toEqual(["web", "ssd"]);
    expect(await bucket.maand("job", "create", "myservice")).toMatchObject({ code: 2 });
  });

  it("does not change promotions or the next deploy", async () => {
    const before = await bucket.json("cat", "deployments");
    await bucket.type("maand job stop api && maand job start api && maand job run api --target migrate");
    expect(await bucket.json("cat", "deployments")).toEqual(before);
    expect(await bucket.planned()).toEqual({ [`api@${ONE}`]: "skip", [`api@${TWO}`]: "skip" });
  });
});

describe("the sync check of maand job", () => {
  const metadata = (host: string) => join(bucket.directory("api", host), "../../worker.json");

  it("compares worker.json with the store, and refuses the command with a hint if they differ", async () => {
    const printed: Record<string, unknown> = JSON.parse(readFileSync(metadata(TWO), "utf8"));
    for (const key of ["bucket_id", "worker_id", "update_seq"]) {
      bucket.write(relative(metadata(TWO)), JSON.stringify({ ...printed, [key]: key === "update_seq" ? 99 : "other" }));
      const { code, stderr } = await bucket.maand("job", "restart", "api");
      expect(code).toBe(1);
      expect(stderr).toContain(`${TWO}: ${key} is`);
      expect(stderr.match(/run maand deploy first/g)).toHaveLength(1);
    }
    bucket.write(relative(metadata(ONE)), "{}");
    const { stderr } = await bucket.maand("job", "restart", "api");
    expect(stderr).toMatch(/^maand: 4 problems\n/);
    expect(stderr.match(/run maand deploy first/g)).toHaveLength(1);
    expect([targets(ONE), targets(TWO)]).toEqual([["start"], ["start"]]);
    await bucket.type("maand deploy && maand job restart api");
    expect(targets(TWO)).toEqual(["start", "restart"]);
  });

  it("requires a deploy before the first command, and does not affect deploys", async () => {
    bucket.job("new", { version: "1.0.0", selectors: ["worker"] });
    bucket.workers({ host: ONE }, { host: TWO }, { host: "127.0.0.13" });
    await bucket.type("maand build");
    expect(await bucket.maand("job", "start", "new")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("run maand deploy first"),
    });
    bucket.write(relative(metadata(TWO)), "{}");
    await bucket.type("maand deploy && maand job status new");
  });

  it("checks only the workers of the job", async () => {
    bucket.workers({ host: ONE }, { host: TWO, labels: ["other"] }, { host: "127.0.0.13", labels: ["later"] });
    bucket.job("only", { version: "1.0.0", selectors: ["other"] });
    await bucket.type("maand build && maand deploy --jobs only && maand job status only");
  });

  function relative(path: string): string {
    return path.slice(bucket.root.length + 1);
  }
});

describe("a deploy, unlike maand job,", () => {
  it("skips unchanged jobs", async () => {
    await bucket.type("maand deploy && maand job restart api && maand job restart api");
    expect(targets(ONE)).toEqual(["start", "restart", "restart"]);
  });

  it("follows restart_policy, even after commands by hand", async () => {
    bucket.job("api", { version: "2.0.0", selectors: ["worker"], restart_policy: "reload" });
    await bucket.type("maand build && maand job run api --target migrate && maand deploy");
    expect(targets(ONE)).toEqual(["start", "migrate", "reload"]);
    bucket.job("api", { version: "3.0.0", selectors: ["worker"], restart_policy: "never" });
    await bucket.type("maand build && maand deploy");
    expect(targets(ONE)).toEqual(["start", "migrate", "reload"]);
    expect(bucket.lifecycle("api", ONE)[0]).toBe(STARTED);
  });
});

it("the documented examples of maand job work", async () => {
  await bucket.type(`maand job restart api
maand job run api --target reload
maand job stop api --allocations ${TWO}
maand job run api --target migrate
maand job create myservice --selectors worker`);
  expect(targets(ONE)).toEqual(["start", "restart", "reload", "migrate"]);
  expect(targets(TWO)).toEqual(["start", "restart", "reload", "stop", "migrate"]);
});
