import { afterEach, describe, expect, it } from "vitest";
import type { OpenedBucket } from "../bucket/open.ts";
import { MaandError } from "../errors.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/** The order of a deploy, recorded from the hooks of a plugin and the operations on workers. */

let bucket: TestBucket;

afterEach(() => bucket.dispose());

/** A bucket where every hook and every lifecycle command adds a line, in order. */
function recorded(): { readonly output: string[]; readonly broken: Set<string>; take(): string[] } {
  const output: string[] = [];
  const broken = new Set<string>();
  let run = new AbortController();
  const note = (word: string, job: string, detail = "") =>
    void output.push(`${word} ${job}${detail === "" ? "" : ` ${detail}`}`);
  const recorder = definePlugin({
    name: "recorder",
    apply(hooks) {
      hooks.beforeJob.tap("recorder", ({ job }) => note("before", job.name));
      hooks.stopped.tap("recorder", ({ job, allocation }) => {
        note("stopped", job.name, allocation.host);
        if (!broken.has("stopped")) return;
        run.abort();
        throw new MaandError({ code: "INTERRUPTED", message: "it was interrupted" });
      });
      hooks.stage.tap("recorder", ({ jobs, worker }) => note("stage", jobs.join(","), worker.host));
      hooks.rollout.tap("recorder", ({ job, action, worker }) => note(action.kind, job.name, worker.host));
      hooks.reconcile.tap("recorder", ({ job, action, worker }) => note(action.kind, job.name, worker.host));
      hooks.started.tap("recorder", ({ job, batch }) => {
        note("started", job.name, batch.allocations.map(({ host }) => host).join(","));
        if (broken.has("started")) throw new Error("no");
      });
      hooks.promote.tap("recorder", ({ job, batch }) =>
        note("promote", job.name, batch.allocations.map(({ host }) => host).join(",")),
      );
      hooks.verify.tap("recorder", ({ job }) => note("verify", job.name));
      hooks.afterJob.tap("recorder", ({ job }) => {
        note("after", job.name);
        if (broken.has("after")) throw new Error("no");
      });
      hooks.commit.tap("recorder", ({ summary }) => void output.push(`commit ${summary.outcome}`));
    },
  });
  bucket = aBucket({
    plugins: [recorder],
    get signal() {
      if (run.signal.aborted) run = new AbortController();
      return run.signal;
    },
  });
  bucket.workers("10.0.0.1", "10.0.0.2");
  return { output, broken, take: () => output.splice(0) };
}

/** Puts workers in maintenance, as if their jobs were stopped. Returns a function that ends the maintenance. */
async function beginMaintenance(...hosts: readonly string[]): Promise<() => Promise<void>> {
  const at = "2026-03-04T05:06:07.000Z";
  const opened = async <T>(work: (rows: OpenedBucket["store"]["maintenance"]) => T) => {
    const open = await bucket.open();
    try {
      return work(open.store.maintenance);
    } finally {
      open.close();
    }
  };
  const number = await opened((rows) => {
    const maintenance = { id: "m", request: "{}", startedAt: at, startedBy: "ada", hosts };
    const begun = rows.begin(maintenance);
    const drained = { state: "drained", phase: "start", attempt: 1 } as const;
    for (const host of hosts)
      rows.moveWorker(begun, { host, ...drained, bootId: undefined, message: undefined, since: at });
    return begun;
  });
  return () => opened((rows) => rows.close(number, "ok", at));
}

/** The record of a deploy of the job api that restarts it on one worker. */
const deployedOn = (host: string) => [
  "before api",
  `stage api ${host}`,
  `restart api ${host}`,
  `started api ${host}`,
  `promote api ${host}`,
  "verify api",
  "after api",
  "commit ok",
];

describe("a deploy", () => {
  it("runs beforeJob, syncs files, starts, promotes and verifies each batch, and runs afterJob", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await bucket.ship();
    expect(take()).toEqual([
      "before api",
      "stage api 10.0.0.1",
      "stage api 10.0.0.2",
      "start api 10.0.0.1",
      "start api 10.0.0.2",
      "started api 10.0.0.1,10.0.0.2",
      "promote api 10.0.0.1,10.0.0.2",
      "verify api",
      "after api",
      "commit ok",
    ]);
    bucket.job("api", { version: "1.1.0", selectors: ["worker"], max_concurrent_upgrades: 1 });
    await bucket.ship();
    expect(take().filter((line) => !line.startsWith("stage"))).toEqual([
      "before api",
      "restart api 10.0.0.1",
      "started api 10.0.0.1",
      "promote api 10.0.0.1",
      "verify api",
      "restart api 10.0.0.2",
      "started api 10.0.0.2",
      "promote api 10.0.0.2",
      "verify api",
      "after api",
      "commit ok",
    ]);
  });

  it("stops and cleans up allocations and checks the remaining ones before the first wave", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.job("old", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    bucket.disable({ jobs: { api: { allocations: ["10.0.0.2"] } } });
    bucket.removeJob("old");
    bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    const output = take();
    const first = output.findIndex((line) => line.startsWith("before") || line.startsWith("stage"));
    const reconciled = output.slice(0, first);
    expect([...reconciled].sort()).toEqual([
      "remove old 10.0.0.1",
      "remove old 10.0.0.2",
      "stop api 10.0.0.2",
      "stop old 10.0.0.1",
      "stop old 10.0.0.2",
      "stopped api 10.0.0.2",
      "stopped old 10.0.0.1",
      "stopped old 10.0.0.2",
      "verify api",
    ]);
    const at = (line: string) => reconciled.indexOf(line);
    expect(at("stop old 10.0.0.1")).toBeLessThan(at("stopped old 10.0.0.1"));
    expect(at("stopped old 10.0.0.1")).toBeLessThan(at("remove old 10.0.0.1"));
    expect(at("verify api")).toBe(reconciled.length - 1);
    expect(output).toContain("start web 10.0.0.1");
  });

  it("runs only beforeJob for a job that needs nothing", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    await bucket.deploy();
    expect(take()).toEqual(["before api", "commit ok"]);
  });

  it("runs beforeJob and afterJob but no lifecycle command with --sync-only", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship({ syncOnly: true });
    expect(take()).toEqual(["before api", "stage api 10.0.0.1", "stage api 10.0.0.2", "after api", "commit ok"]);
  });

  it("runs beforeJob and afterJob but no lifecycle command for a new version of a disabled job", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.disable({ jobs: { api: {} } });
    await bucket.ship();
    take();
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship();
    expect(take()).toEqual(["before api", "after api", "commit ok"]);
  });

  it("leaves out a worker in maintenance, and runs the hooks for it after the maintenance", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    const end = await beginMaintenance("10.0.0.1");
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship();
    expect(take()).toEqual(deployedOn("10.0.0.2"));
    await bucket.deploy();
    expect(take()).toEqual(["before api", "commit ok"]);
    await end();
    await bucket.deploy();
    expect(take()).toEqual(deployedOn("10.0.0.1"));
  });

  it("runs only beforeJob if all workers of the job are in maintenance", async () => {
    const { take } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    await beginMaintenance("10.0.0.1", "10.0.0.2");
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship();
    expect(take()).toEqual(["before api", "commit ok"]);
  });

  it.each([
    ["a disabled allocation", () => bucket.disable({ workers: ["10.0.0.1"] }), []],
    ["a removed allocation", () => bucket.workers("10.0.0.2"), ["remove api 10.0.0.1"]],
  ])("runs the stopped hooks of %s again if the last run was interrupted in them", async (_, leave, then) => {
    const { take, broken } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    take();
    leave();
    broken.add("stopped");
    expect(await bucket.ship()).toMatchObject({ outcome: "interrupted" });
    expect(take().slice(0, 2)).toEqual(["stop api 10.0.0.1", "stopped api 10.0.0.1"]);
    broken.clear();
    expect(JSON.stringify(await bucket.plan())).toContain(
      "already stopped, but the last run ended before its hooks had run",
    );
    expect(await bucket.deploy()).toMatchObject({ outcome: "ok" });
    expect(take().filter((line) => !line.startsWith("stage"))).toEqual([
      "stopped api 10.0.0.1",
      ...then,
      "verify api",
      "before api",
      "commit ok",
    ]);
    await bucket.deploy();
    expect(take()).toEqual(["before api", "commit ok"]);
  });

  it("reports a batch as failed if a hook fails after the commands of the batch have run", async () => {
    const { take, broken } = recorded();
    broken.add("started");
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], max_concurrent_starts: 1 });
    const { allocations } = await bucket.ship();
    expect(take()).not.toContain("promote api 10.0.0.1");
    expect(allocations.map(({ host, outcome, promoted, message }) => [host, outcome, promoted, message])).toEqual([
      ["10.0.0.1", "failed", false, expect.stringContaining("no")],
      ["10.0.0.2", "blocked", false, undefined],
    ]);
  });

  it("runs a failed afterJob again, but no lifecycle command", async () => {
    const { take, broken } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    broken.add("after");
    expect((await bucket.ship()).outcome).toBe("failed");
    take();
    broken.clear();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(take().filter((line) => !line.startsWith("stage"))).toEqual(["before api", "after api", "commit ok"]);
    await bucket.deploy();
    expect(take()).toEqual(["before api", "commit ok"]);
  });

  it.each([
    ["with restart_policy never", { restart_policy: "never" }, {}],
    ["deployed with --sync-only", {}, { syncOnly: true }],
  ])("runs a failed afterJob again for a job %s", async (_, more, options) => {
    const { take, broken } = recorded();
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], ...more });
    await bucket.ship();
    bucket.job("api", { version: "1.1.0", selectors: ["worker"], ...more });
    broken.add("after");
    expect((await bucket.ship(options)).outcome).toBe("failed");
    take();
    broken.clear();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(take()).toEqual(["before api", "after api", "commit ok"]);
  });
});
