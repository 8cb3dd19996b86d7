import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalBucket, localBucket } from "../../support/bucket/local-bucket.ts";

/** Tests deploys without job commands. */

let bucket: LocalBucket;
const ONE = "127.0.0.11";
const TWO = "127.0.0.12";

beforeEach(async () => {
  bucket = await localBucket(2);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
  await bucket.type("maand build");
});

afterEach(() => bucket.dispose());

const targets = (job: string, host = ONE) => bucket.lifecycle(job, host).map((line) => line.split(" ")[0]);
const updateSeq = async () => (await bucket.json<{ update_seq: number }>("info")).update_seq;
const onWorker = (path: string, host = ONE) => join(bucket.directory("api", host), "../..", path);

describe("maand deploy", () => {
  it("deploys all jobs, or the named jobs, or nothing with --dry-run, or unchanged jobs with --force", async () => {
    await bucket.type("maand deploy --dry-run");
    expect([targets("api"), targets("web"), await updateSeq()]).toEqual([[], [], 0]);
    await bucket.type("maand deploy --jobs api");
    expect([targets("api"), targets("web")]).toEqual([["start"], []]);
    await bucket.type("maand deploy");
    expect([targets("api"), targets("web")]).toEqual([["start"], ["start"]]);
    await bucket.type("maand deploy --force --jobs api");
    expect([targets("api"), targets("web")]).toEqual([["start", "restart"], ["start"]]);
  });

  it("does not deploy changes that are not built", async () => {
    await bucket.type("maand deploy");
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    await bucket.type("maand deploy");
    expect(targets("api")).toEqual(["start"]);
    await bucket.type("maand build && maand deploy");
    expect(targets("api")).toEqual(["start", "restart"]);
    bucket.job("api", { version: "no version", selectors: ["worker"] });
    expect(await bucket.maand("build")).toMatchObject({ code: 2 });
    await bucket.type("maand deploy");
    expect(targets("api")).toEqual(["start", "restart"]);
  });

  it("refuses a bucket that was never built", async () => {
    const never = await localBucket(2);
    try {
      never.job("api", { version: "1.0.0", selectors: ["worker"] });
      for (const flags of [[], ["--dry-run"], ["--jobs", "api"]])
        expect(await never.maand("deploy", ...flags)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining("nothing was built yet"),
        });
      await never.type("maand build && maand deploy");
    } finally {
      never.dispose();
    }
  });

  it("increments update_seq once for all waves and jobs, and only if it syncs anything", async () => {
    const first = { command_first: { executed_on: ["cli"] } };
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"], commands: first },
      { "_modules/command_first.py": "" },
    );
    const demands = { job: "api", command: "command_first" };
    const second = { command_second: { executed_on: ["cli"], demands } };
    bucket.job(
      "web",
      { version: "1.0.0", selectors: ["worker"], commands: second },
      { "_modules/command_second.py": "" },
    );
    await bucket.type("maand build && maand deploy");
    expect(await updateSeq()).toBe(1);
    await bucket.type("maand deploy && maand deploy --dry-run");
    expect(await updateSeq()).toBe(1);
    bucket.job("web", { version: "1.1.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy");
    expect(await updateSeq()).toBe(2);
  });

  it("syncs worker.json, jobs.json and bin/ to each worker with changes, and lists all jobs of the worker", async () => {
    await bucket.type("maand deploy --jobs api");
    const printed = JSON.parse(readFileSync(onWorker("worker.json"), "utf8"));
    expect(printed).toMatchObject({ worker_ip: ONE, update_seq: 1, labels: ["worker"] });
    expect(existsSync(onWorker("bin/runner.py"))).toBe(true);
    expect(jobsOf(ONE)).toEqual([
      { job: "api", disabled: 0 },
      { job: "web", disabled: 0 },
    ]);
    bucket.disable({ jobs: { web: {} } });
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.type("maand build && maand deploy");
    expect(jobsOf(ONE)).toEqual([
      { job: "api", disabled: 0 },
      { job: "web", disabled: 1 },
    ]);
  });

  it("syncs rendered templates and certificates, but not the templates", async () => {
    const files = { "app.conf.tpl": "on {{ .WorkerIP }}\n" };
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], certs: { server: {} } }, files);
    await bucket.type("maand build && maand deploy");
    expect(readFileSync(join(bucket.directory("api", TWO), "app.conf"), "utf8")).toBe(`on ${TWO}\n`);
    expect(existsSync(join(bucket.directory("api", TWO), "app.conf.tpl"))).toBe(false);
    expect(existsSync(join(bucket.directory("api", TWO), "certs/server.key"))).toBe(true);
  });

  function jobsOf(host: string): unknown {
    return JSON.parse(readFileSync(onWorker("jobs.json", host), "utf8"));
  }
});

describe("a deploy", () => {
  it("starts new allocations, upgrades changed allocations, and skips unchanged ones without --force", async () => {
    expect((await bucket.planned())[`api@${ONE}`]).toBe("start");
    await bucket.type("maand deploy");
    expect((await bucket.planned())[`api@${ONE}`]).toBe("skip");
    bucket.write("workspace/jobs/api/app.conf", "x\n");
    await bucket.type("maand build");
    expect(await bucket.planned()).toMatchObject({ [`api@${ONE}`]: "restart", [`web@${ONE}`]: "skip" });
    expect(await bucket.type("maand cat deployments --jobs api")).toMatch(/restart/);
    await bucket.type("maand deploy && maand deploy && maand deploy --force --jobs api");
    expect([targets("api"), targets("web")]).toEqual([["start", "restart", "restart"], ["start"]]);
  });

  it("records the promoted and the desired version, and rolls out a new version", async () => {
    const versions = async () => {
      const [row] = await bucket.json<Record<string, string>[]>("cat", "deployments", "--jobs", "api");
      return [row?.current_version, row?.new_version, row?.rollout];
    };
    expect(await versions()).toEqual(["0.0.0", "1.0.0", "new"]);
    await bucket.type("maand deploy");
    expect(await versions()).toEqual(["1.0.0", "1.0.0", "promoted"]);
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.type("maand build");
    expect(await versions()).toEqual(["1.0.0", "1.1.0", "restart"]);
    await bucket.type("maand deploy");
    expect(await versions()).toEqual(["1.1.0", "1.1.0", "promoted"]);
    expect(bucket.lifecycle("api", ONE)).toEqual(["start 0.0.0 1.0.0", "restart 1.0.0 1.1.0"]);
  });
});

describe("restart_policy", () => {
  const edit = async (manifest: object, text: string) => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], ...manifest }, { "app.conf": text, "app.lib": "1" });
    await bucket.type("maand build && maand deploy");
  };

  it("defaults to always, so an upgrade restarts the job", async () => {
    await edit({}, "1");
    await edit({}, "2");
    expect(targets("api")).toEqual(["start", "restart"]);
  });

  it("reload reloads a job, or restarts it if a changed file matches restart_globs", async () => {
    await edit({ restart_policy: "reload" }, "1");
    await edit({ restart_policy: "reload" }, "2");
    await edit({ restart_policy: "reload", restart_globs: ["*.conf"] }, "3");
    expect(targets("api")).toEqual(["start", "reload", "restart"]);
  });

  it("never syncs the files without a restart", async () => {
    await edit({ restart_policy: "never" }, "1");
    await edit({ restart_policy: "never" }, "2");
    expect(targets("api")).toEqual(["start"]);
    expect(readFileSync(join(bucket.directory("api", ONE), "app.conf"), "utf8")).toBe("2");
  });

  it("is ignored by --sync-only, and maand job run reloads the job afterwards", async () => {
    await edit({ restart_policy: "reload" }, "1");
    bucket.write("workspace/jobs/api/app.conf", "2");
    await bucket.type("maand build && maand deploy --sync-only --jobs api");
    expect(targets("api")).toEqual(["start"]);
    expect(readFileSync(join(bucket.directory("api", ONE), "app.conf"), "utf8")).toBe("2");
    await bucket.type("maand job run api --target reload");
    expect(targets("api")).toEqual(["start", "reload"]);
  });
});

describe("batches of a rollout", () => {
  /** The batches of the last run, each as a list of hosts. */
  async function batches(): Promise<string[]> {
    const lines = await bucket.type("maand logs show --run-dir --event batch_started --json");
    return lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ workers }: { workers: string }) => workers);
  }

  it("have the size max_concurrent_starts on the first deploy, and max_concurrent_upgrades afterwards", async () => {
    const manifest = { selectors: ["worker"], max_concurrent_starts: 2, max_concurrent_upgrades: 1 };
    bucket.job("api", { version: "1.0.0", ...manifest });
    await bucket.type("maand build && maand deploy --jobs api");
    expect(await batches()).toEqual([`${ONE},${TWO}`]);
    bucket.job("api", { version: "1.1.0", ...manifest });
    await bucket.type("maand build && maand deploy --jobs api");
    expect(await batches()).toEqual([ONE, TWO]);
  });

  it("are promoted one by one, remain promoted after a later failure, and the next deploy resumes", async () => {
    await bucket.type("maand deploy");
    bucket.write(join(bucket.directory("api", TWO), "data/fail-restart").slice(bucket.root.length + 1), "");
    bucket.job("api", { version: "2.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    bucket.job("web", { version: "2.0.0", selectors: ["worker"] });
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 1 });
    expect(await bucket.rollouts()).toEqual({
      [`api@${ONE}`]: "promoted",
      [`api@${TWO}`]: "restart",
      [`web@${ONE}`]: "promoted",
      [`web@${TWO}`]: "promoted",
    });
    await bucket.type(`rm ${join(bucket.directory("api", TWO), "data/fail-restart")} && maand deploy`);
    expect(targets("api", ONE)).toEqual(["start", "restart"]);
    expect(targets("api", TWO)).toEqual(["start", "restart", "restart"]);
    expect(targets("web", TWO)).toEqual(["start", "restart"]);
  });
});
