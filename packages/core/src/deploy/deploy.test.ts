import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";
const C = "10.0.0.3";

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket();
  bucket.workers(A, B, C);
});

afterEach(() => bucket.dispose());

function rollouts(): Promise<Record<string, string>> {
  return bucket.open().then(async (bucket) => {
    const { deployments } = await import("../store/views/deployments.ts");
    const rows = deployments(bucket.store);
    bucket.close();
    return Object.fromEntries(rows.map((row) => [`${row.job}@${row.host}`, row.rollout]));
  });
}

/** The calls since this function was last called. */
function since(): string[] {
  return bucket.fleet.done.splice(0);
}

describe("a first deploy", () => {
  it("syncs files to each worker once, starts every allocation and promotes it", async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { "conf/a.conf": "x" });
    bucket.job("web", { version: "2.0.0", selectors: ["worker"] });
    const summary = await bucket.ship();
    expect(summary.outcome).toBe("ok");
    expect(since().sort()).toEqual(
      [
        `stage ${A}`,
        `stage ${B}`,
        `stage ${C}`,
        ...["api", "web"].flatMap((job) => [A, B, C].map((host) => `start ${job}@${host}`)),
      ].sort(),
    );
    expect(bucket.fleet.at("api", A)).toEqual({
      running: "1.0.0",
      files: {
        "conf/a.conf": "x",
        Makefile: "start stop restart reload:\n",
        "manifest.json": '{"version":"1.0.0","selectors":["worker"]}',
      },
    });
    expect(new Set(Object.values(await rollouts()))).toEqual(new Set(["promoted"]));
  });

  it("connects to each worker once", async () => {
    bucket.job("api", { selectors: ["worker"] });
    bucket.job("web", { selectors: ["worker"] });
    await bucket.ship();
    expect(bucket.fleet.connected.sort()).toEqual([A, B, C]);
  });
});

describe("a second deploy", () => {
  it("connects to no worker and changes nothing if nothing changed", async () => {
    bucket.job("api", { selectors: ["worker"] });
    await bucket.ship();
    bucket.fleet.connected.length = 0;
    since();
    const summary = await bucket.ship();
    expect(summary).toMatchObject({ outcome: "ok", warnings: [] });
    expect(bucket.fleet.connected).toEqual([]);
    expect(since()).toEqual([]);
    const maand = await bucket.open();
    expect(maand.store.bucket.read()?.updateSeq).toBe(1);
    maand.close();
  });

  it("changes only the job that changed", async () => {
    bucket.job("api", { selectors: ["worker"] });
    bucket.job("web", { selectors: ["worker"] });
    await bucket.ship();
    since();
    bucket.write("jobs/web/index.html", "new");
    await bucket.ship();
    expect(since().sort()).toEqual([A, B, C].flatMap((host) => [`restart web@${host}`, `stage ${host}`]).sort());
    expect(bucket.fleet.at("web", B)?.files["index.html"]).toBe("new");
  });
});

describe("a rolling upgrade", () => {
  beforeEach(async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await bucket.ship();
    since();
    bucket.job("api", { version: "2.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await bucket.build();
  });

  it("proceeds worker by worker, and checks health after each worker", async () => {
    bucket.events.length = 0;
    await bucket.deploy();
    const score = bucket.events
      .filter(({ type }) => ["action.finished", "batch.promoted", "health.finished"].includes(type))
      .map(({ type }) => type);
    expect(score).toEqual([
      "action.finished",
      "batch.promoted",
      "health.finished",
      "action.finished",
      "batch.promoted",
      "health.finished",
      "action.finished",
      "batch.promoted",
      "health.finished",
    ]);
    expect(since().filter((what) => what.startsWith("restart"))).toEqual([
      `restart api@${A}`,
      `restart api@${B}`,
      `restart api@${C}`,
    ]);
  });

  it("stops at the first batch with a failed command, and the next deploy resumes with that batch", async () => {
    bucket.fleet.fail(`restart api@${B}`);
    const summary = await bucket.deploy();
    expect(summary.outcome).toBe("failed");
    expect(summary.allocations.map(({ host, outcome }) => [host, outcome])).toEqual([
      [A, "ok"],
      [B, "failed"],
      [C, "blocked"],
    ]);
    expect(await rollouts()).toEqual({ [`api@${A}`]: "promoted", [`api@${B}`]: "restart", [`api@${C}`]: "restart" });
    since();
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(since().filter((what) => what.startsWith("restart"))).toEqual([`restart api@${B}`, `restart api@${C}`]);
  });

  it("marks a promoted batch as unhealthy if its health check fails, and the next deploy begins with that batch", async () => {
    bucket.fleet.onDo = (what) => {
      if (what === `restart api@${B}`) bucket.fleet.fail(`verify api@${B}`);
    };
    const summary = await bucket.deploy();
    expect(summary.outcome).toBe("failed");
    expect(await rollouts()).toEqual({
      [`api@${A}`]: "promoted",
      [`api@${B}`]: "health_failed",
      [`api@${C}`]: "restart",
    });
    bucket.fleet.onDo = () => undefined;
    bucket.fleet.repair();
    since();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(since().filter((what) => what.startsWith("restart"))).toEqual([`restart api@${B}`, `restart api@${C}`]);
    expect(new Set(Object.values(await rollouts()))).toEqual(new Set(["promoted"]));
  });

  it("reports an unreachable worker and continues with the other workers", async () => {
    bucket.fleet.fail(`connect ${B}`, new MaandError({ code: "UNREACHABLE", message: `${B} refused`, worker: B }));
    const summary = await bucket.deploy();
    expect(summary.outcome).toBe("failed");
    expect(summary.allocations.find(({ host }) => host === B)).toMatchObject({
      outcome: "unreachable",
      message: `${B} refused`,
    });
    expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "2.0.0", [`api@${B}`]: "1.0.0", [`api@${C}`]: "2.0.0" });
  });

  it("repeats a failed restart, even if the change was reverted in the workspace", async () => {
    bucket.fleet.fail(`restart api@${A}`);
    await bucket.deploy();
    bucket.fleet.repair();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await bucket.build();
    const [wave] = (await bucket.plan()).waves;
    const decisions = wave?.jobs[0]?.allocations.map(({ decision }) => decision);
    expect(decisions?.map(({ action }) => action)).toEqual(["restart", "sync", "sync"]);
    since();
    await bucket.deploy();
    expect(since().filter((what) => what.startsWith("restart"))).toEqual([`restart api@${A}`]);
    expect(JSON.parse(bucket.fleet.at("api", C)?.files["manifest.json"] ?? "")).toMatchObject({ version: "1.0.0" });
  });
});

describe("a disabled allocation", () => {
  beforeEach(async () => {
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    since();
    bucket.disable({ jobs: { api: { allocations: [B] } } });
  });

  it("is stopped once, and no other allocation is stopped", async () => {
    await bucket.ship();
    expect(since().filter((what) => !what.startsWith("stage"))).toEqual([`stop api@${B}`]);
    expect(await rollouts()).toMatchObject({ [`api@${B}`]: "disabled", [`api@${A}`]: "promoted" });
    await bucket.ship();
    expect(since().filter((what) => !what.startsWith("stage"))).toEqual([]);
  });

  it("records changes of its job, but gets no files and is not started", async () => {
    await bucket.ship();
    bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
    await bucket.build();
    expect((await rollouts())[`api@${B}`]).toBe("disabled_restart");
    await bucket.deploy();
    expect((await rollouts())[`api@${B}`]).toBe("disabled");
    expect(JSON.parse(bucket.fleet.at("api", B)?.files["manifest.json"] ?? "")).toMatchObject({ version: "1.0.0" });
    expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: "2.0.0", [`api@${C}`]: "2.0.0" });
  });

  it("is started again when it is enabled, even if the job has not changed", async () => {
    await bucket.ship();
    since();
    bucket.disable({});
    await bucket.build();
    expect((await rollouts())[`api@${B}`]).toBe("stopped");
    await bucket.deploy();
    expect(since()).toEqual([`stage ${B}`, `start api@${B}`]);
  });

  it("is stopped by a later deploy if its worker is unreachable, and the other allocations are restarted", async () => {
    bucket.fleet.fail(`connect ${B}`, new MaandError({ code: "UNREACHABLE", message: `${B} refused`, worker: B }));
    bucket.write("jobs/api/new.conf", "x");
    const summary = await bucket.ship();
    expect(summary.outcome).toBe("failed");
    expect(since()).toEqual(expect.arrayContaining([`restart api@${A}`, `restart api@${C}`]));
    bucket.fleet.repair();
    await bucket.deploy();
    expect(since()).toContain(`stop api@${B}`);
  });
});

describe("a removed allocation", () => {
  beforeEach(async () => {
    bucket.job("api", { selectors: ["worker"] });
    bucket.job("old", { selectors: ["worker"] });
    await bucket.ship();
    since();
  });

  it("is stopped and removed once", async () => {
    bucket.removeJob("old");
    bucket.workers(A, B);
    await bucket.ship();
    expect(
      since()
        .filter((what) => !what.startsWith("stage"))
        .sort(),
    ).toEqual(
      [
        `stop old@${A}`,
        `stop old@${B}`,
        `stop old@${C}`,
        `remove old@${A}`,
        `remove old@${B}`,
        `remove old@${C}`,
        `stop api@${C}`,
        `remove api@${C}`,
      ].sort(),
    );
    expect(bucket.fleet.running()).toEqual({ [`api@${A}`]: expect.any(String), [`api@${B}`]: expect.any(String) });
    await bucket.ship();
    expect(since()).toEqual([]);
  });

  it("is not stopped again if only the clean-up failed", async () => {
    bucket.removeJob("old");
    bucket.fleet.fail(`remove old@${B}`);
    expect((await bucket.ship()).outcome).toBe("failed");
    since();
    bucket.fleet.repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since().filter((what) => !what.startsWith("stage"))).toEqual([`remove old@${B}`]);
  });

  it("does not count as stopped if its files are missing but it was running", async () => {
    bucket.removeJob("old");
    bucket.fleet.fail(`stop old@${B}`, new MaandError({ code: "NOT_DELIVERED", message: "its files are missing" }));
    expect((await bucket.ship()).outcome).toBe("failed");
    expect(since()).not.toContain(`remove old@${B}`);
    expect(bucket.fleet.running()).toMatchObject({ [`old@${B}`]: expect.any(String) });
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(since()).toEqual(expect.arrayContaining([`stop old@${B}`, `remove old@${B}`]));
  });

  it("is removed if it never ran, even if its files are missing", async () => {
    bucket.job("new", { selectors: ["worker"] });
    bucket.fleet.fail(`start new@${B}`);
    expect((await bucket.ship()).outcome).toBe("failed");
    bucket.removeJob("new");
    bucket.fleet.fail(`stop new@${B}`, new MaandError({ code: "NOT_DELIVERED", message: "its files are missing" }));
    since();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(since()).toContain(`remove new@${B}`);
  });

  it("is listed by a dry run", async () => {
    bucket.removeJob("old");
    await bucket.build();
    const plan = await bucket.plan();
    expect(plan.required).toBe(true);
    expect(plan.stopping.map(({ job, allocation, stop, remove }) => [job.name, allocation.host, stop, remove])).toEqual(
      [
        ["old", A, true, true],
        ["old", B, true, true],
        ["old", C, true, true],
      ],
    );
    expect(since()).toEqual([]);
  });
});

describe("waves", () => {
  const demand = { command_wait: { executed_on: ["pre_deploy"], demands: { job: "db", command: "command_ready" } } };

  beforeEach(() => {
    bucket.job("db", {
      version: "1.0.0",
      selectors: ["worker"],
      commands: { command_ready: { executed_on: ["cli"] } },
    });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], commands: demand });
    bucket.job("lone", { version: "1.0.0", selectors: ["worker"] });
  });

  it("deploy a job after the jobs it depends on", async () => {
    await bucket.ship();
    const done = since();
    expect(done).toContain(`start db@${C}`);
    expect(done.indexOf(`start api@${A}`)).toBeGreaterThan(done.indexOf(`start db@${C}`));
  });

  it("block only the jobs that depend on a failed job", async () => {
    bucket.fleet.fail(`start db@${A}`);
    const summary = await bucket.ship();
    expect(summary.blocked).toEqual([{ job: "api", by: "db" }]);
    expect(
      since()
        .filter((what) => what.startsWith("start"))
        .sort(),
    ).toEqual([`start db@${B}`, `start db@${C}`, `start lone@${A}`, `start lone@${B}`, `start lone@${C}`]);
    bucket.fleet.repair();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(
      since()
        .filter((what) => what.startsWith("start"))
        .sort(),
    ).toEqual([`start api@${A}`, `start api@${B}`, `start api@${C}`, `start db@${A}`]);
  });
});

describe("the options of deploy", () => {
  beforeEach(async () => {
    bucket.job("api", { selectors: ["worker"] });
    bucket.job("web", { selectors: ["worker"] });
  });

  it("--jobs limits the jobs, and an unknown name is refused before anything runs", async () => {
    await bucket.build();
    await expect(bucket.deploy({ jobs: ["wep"] })).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ hint: 'did you mean "web"?' }],
    });
    expect(since()).toEqual([]);
    await bucket.deploy({ jobs: ["web"] });
    expect(Object.keys(bucket.fleet.running())).toEqual([`web@${A}`, `web@${B}`, `web@${C}`]);
  });

  it("--force restarts unchanged jobs", async () => {
    await bucket.ship();
    since();
    await bucket.deploy({ force: true, jobs: ["api"] });
    expect(since().filter((what) => what.startsWith("restart"))).toHaveLength(3);
  });

  it("--sync-only syncs files and runs no command, and is refused if a job must be started", async () => {
    await bucket.build();
    await expect(bucket.deploy({ syncOnly: true })).rejects.toMatchObject({ code: "PROBLEMS" });
    expect(since()).toEqual([]);
    await bucket.deploy();
    since();
    bucket.write("jobs/api/x.conf", "1");
    await bucket.build();
    await bucket.deploy({ syncOnly: true });
    expect(since()).toEqual([`stage ${A}`, `stage ${B}`, `stage ${C}`]);
    expect((await rollouts())[`api@${A}`]).toBe("promoted");
  });
});

describe("the lock of a bucket", () => {
  it("refuses a second run immediately with an error that names the first run, which continues", async () => {
    bucket.job("api", { selectors: ["worker"] });
    await bucket.build();
    let second: unknown;
    bucket.fleet.onDo = async (what) => {
      if (what === `start api@${A}`) second = await bucket.deploy().catch((cause: unknown) => cause);
    };
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(second).toMatchObject({
      code: "BUSY",
      message: expect.stringMatching(/maand deploy \(pid \d+, since .*\)/),
    });
  });
});

describe("an interrupted deploy", () => {
  it("starts no further batch and reports the interruption", async () => {
    const stop = new AbortController();
    bucket.dispose();
    bucket = aBucket({ signal: stop.signal });
    bucket.workers(A, B, C);
    bucket.job("api", { selectors: ["worker"], max_concurrent_starts: 1 });
    await bucket.build();
    bucket.fleet.onDo = (what) => {
      if (what === `start api@${B}`) stop.abort();
    };
    const summary = await bucket.deploy();
    expect(summary.outcome).toBe("interrupted");
    expect(Object.keys(bucket.fleet.running())).toEqual([`api@${A}`, `api@${B}`]);
    expect(bucket.events.at(-1)).toMatchObject({ type: "run.finished", outcome: "interrupted" });
  });

  it("records the interrupted command as in doubt, and changes no allocation whose command had not started", async () => {
    const runs = [new AbortController(), new AbortController(), new AbortController()];
    let run = 0;
    bucket.dispose();
    bucket = aBucket({
      get signal() {
        return runs[run]?.signal ?? new AbortController().signal;
      },
    });
    bucket.workers(A, B);
    const manifest = { selectors: ["worker"], max_concurrent_upgrades: 2 };
    bucket.job("api", { version: "1.0.0", ...manifest });
    await bucket.ship();
    run = 1;
    bucket.job("api", { version: "1.1.0", ...manifest });
    bucket.fleet.onDo = (what) => {
      if (!what.startsWith("restart")) return;
      runs[1]?.abort();
      throw new MaandError({ code: "INTERRUPTED", message: `${what} was interrupted` });
    };
    expect(await bucket.ship()).toMatchObject({ outcome: "interrupted" });
    run = 2;
    expect(await rollouts()).toEqual({ [`api@${A}`]: "in_doubt", [`api@${B}`]: "restart" });
    expect(JSON.stringify(await bucket.plan())).toContain("in doubt: the result of its restart in run");
    bucket.fleet.onDo = () => undefined;
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
  });
});
