import { afterEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import type { Changes } from "../plugin-api/contexts/permit-context.ts";
import { definePlugin, type Plugin } from "../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

const A = "10.0.0.1";
const B = "10.0.0.2";

let bucket: TestBucket;
afterEach(() => bucket.dispose());

function bucketWith(plugin: Plugin): void {
  bucket = aBucket({ plugins: [plugin] });
  bucket.workers(A, B);
}

const no = () => new MaandError({ code: "NOT_PERMITTED", message: "not today", hint: "tomorrow" });

it.each([
  ["an unknown job", { jobs: ["ghost"] }, '--jobs: there is no job "ghost"'],
  [
    "--sync-only with a job that was never started",
    { syncOnly: true },
    "job api: must be started on 10.0.0.1, 10.0.0.2",
  ],
])("a deploy that is refused because of %s is recorded as refused", async (_, options, message) => {
  bucketWith(definePlugin({ name: "none", apply: () => undefined }));
  bucket.job("api", { selectors: ["worker"] });
  await expect(bucket.ship(options)).rejects.toMatchObject({ code: "PROBLEMS" });
  expect(bucket.events.map(({ type }) => type)).toEqual(["run.started", "run.finished"]);
  expect(bucket.events.at(-1)).toMatchObject({ outcome: "refused", message });
});

describe("the begin hook", () => {
  it("can refuse a deploy before any worker is changed, and the next deploy does not continue that run", async () => {
    let permitted = false;
    bucketWith(
      definePlugin({
        name: "gate",
        apply: ({ begin }) =>
          begin.tap("gate", () => {
            if (!permitted) throw no();
          }),
      }),
    );
    bucket.job("api", { selectors: ["worker"] });
    await expect(bucket.ship()).rejects.toMatchObject({ code: "NOT_PERMITTED", hint: "tomorrow" });
    expect([bucket.fleet.connected, bucket.fleet.done]).toEqual([[], []]);
    expect(bucket.events.at(-1)).toMatchObject({ type: "run.finished", outcome: "refused", message: "not today" });
    permitted = true;
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(bucket.events.findLast(({ type }) => type === "run.started")).toMatchObject({ continues: null });
  });

  it("passes its refusal to commit, which is called before run.finished", async () => {
    const committed: unknown[] = [];
    bucketWith(
      definePlugin({
        name: "gate",
        apply({ begin, commit }) {
          begin.tap("gate", () => {
            throw no();
          });
          commit.tapPromise("gate", async ({ summary: { outcome, refusal, allocations } }) => {
            committed.push({ outcome, refusal, allocations, last: bucket.events.at(-1)?.type });
            throw new Error("the receiver is down");
          });
        },
      }),
    );
    bucket.job("api", { selectors: ["worker"] });
    await expect(bucket.ship()).rejects.toMatchObject({ code: "NOT_PERMITTED", message: "not today" });
    const refusal = { code: "NOT_PERMITTED", message: "not today", hint: "tomorrow" };
    expect(committed).toEqual([{ outcome: "refused", refusal, allocations: [], last: "run.started" }]);
    expect(bucket.events.at(-1)).toMatchObject({
      type: "run.finished",
      outcome: "refused",
      warnings: ["gate failed in commit: the receiver is down"],
    });
  });

  it("receives the time and the selected jobs, and is not called for a dry run", async () => {
    const received: unknown[] = [];
    bucketWith(
      definePlugin({
        name: "gate",
        apply: ({ begin }) => begin.tap("gate", ({ now, jobs, run }) => void received.push([now(), jobs, run.command])),
      }),
    );
    bucket.job("api", { selectors: ["worker"] });
    await bucket.build();
    await bucket.plan();
    expect(received).toEqual([]);
    await bucket.deploy({ jobs: ["api"] });
    expect(received).toEqual([[expect.any(Date), ["api"], "deploy"]]);
  });
});

describe("the permit hook", () => {
  const seen: Changes[] = [];
  const gate = (refused: () => number | undefined): Plugin =>
    definePlugin({
      name: "gate",
      apply: ({ permit }) =>
        permit.tap("gate", (context) => {
          seen.push(context.changes);
          if (context.changes.deploymentSeq === refused()) throw no();
        }),
    });
  afterEach(() => void seen.splice(0));

  it("can refuse a wave, which also blocks dependent jobs, and the next deploy resumes", async () => {
    let refused: number | undefined = 0;
    bucketWith(gate(() => refused));
    const ready = { command_ready: { executed_on: ["cli"] } };
    const wait = { executed_on: ["pre_deploy"], demands: { job: "db", command: "command_ready" } };
    bucket.job("db", { version: "1.0.0", selectors: ["worker"], commands: ready });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], commands: { command_wait: wait } });
    const { outcome, failures, blocked, allocations } = await bucket.ship();
    expect(outcome).toBe("failed");
    expect(failures).toEqual([{ job: "db", code: "NOT_PERMITTED", message: "not today", hint: "tomorrow" }]);
    expect(blocked).toEqual([{ job: "api", by: "db" }]);
    expect(allocations.map(({ outcome: word }) => word)).toEqual(["blocked", "blocked", "blocked", "blocked"]);
    expect(bucket.fleet.done).toEqual([]);
    refused = undefined;
    expect((await bucket.deploy()).outcome).toBe("ok");
  });

  it("receives each job that changes with its actions, and is not called for a wave without changes", async () => {
    bucketWith(gate(() => undefined));
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    seen.splice(0);
    await bucket.ship();
    expect(seen).toEqual([]);
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship();
    expect(seen).toMatchObject([
      {
        deploymentSeq: 0,
        jobs: [
          {
            job: { name: "api", version: "1.1.0" },
            allocations: [
              { worker: { host: A }, action: "restart", currentVersion: "1.0.0" },
              { worker: { host: B }, action: "restart", currentVersion: "1.0.0" },
            ],
          },
        ],
      },
    ]);
  });
});

describe("the permit hook for stops and removals", () => {
  const seen: Changes[] = [];
  let refused = false;
  const gate = definePlugin({
    name: "gate",
    apply: ({ permit }) =>
      permit.tap("gate", ({ changes }) => {
        seen.push(changes);
        if (refused) throw no();
      }),
  });
  afterEach(() => {
    seen.splice(0);
    refused = false;
  });

  async function running(): Promise<void> {
    bucketWith(gate);
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    bucket.job("web", { version: "1.0.0", selectors: ["worker"] });
    expect((await bucket.ship()).outcome).toBe("ok");
    seen.splice(0);
    bucket.fleet.done.splice(0);
  }

  it("receives each allocation to stop or remove before the first stop", async () => {
    await running();
    bucket.removeJob("api");
    bucket.disable({ jobs: { web: { allocations: [B] } } });
    const early: string[] = [];
    bucket.fleet.onDo = (what) => {
      if (seen.length === 0) early.push(what);
    };
    await bucket.ship();
    expect(early).toEqual([]);
    expect(seen[0]).toMatchObject({
      step: "stop",
      deploymentSeq: 0,
      jobs: [
        {
          job: { name: "api" },
          allocations: [
            { worker: { host: A }, action: "remove", currentVersion: "1.0.0" },
            { worker: { host: B }, action: "remove", currentVersion: "1.0.0" },
          ],
        },
        { job: { name: "web" }, allocations: [{ worker: { host: B }, action: "stop", currentVersion: "1.0.0" }] },
      ],
    });
    expect(bucket.fleet.running()).toEqual({ [`web@${A}`]: "1.0.0" });
  });

  it("can refuse the stops of jobs, which then stay unchanged on all workers until the next deploy", async () => {
    await running();
    bucket.removeJob("api");
    bucket.job("web", { version: "1.1.0", selectors: ["worker"] });
    bucket.disable({ jobs: { web: { allocations: [B] } } });
    refused = true;
    const { outcome, failures, allocations } = await bucket.ship();
    expect(outcome).toBe("failed");
    expect(failures.map(({ job, code }) => [job, code])).toEqual([
      ["api", "NOT_PERMITTED"],
      ["web", "NOT_PERMITTED"],
    ]);
    expect(allocations.map(({ job, host, action, outcome: word }) => [job, host, action, word])).toEqual([
      ["api", A, "remove", "blocked"],
      ["api", B, "remove", "blocked"],
      ["web", B, "stop", "blocked"],
      ["web", A, "restart", "blocked"],
    ]);
    expect(bucket.fleet.done).toEqual([]);
    refused = false;
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(bucket.fleet.running()).toEqual({ [`web@${A}`]: "1.1.0" });
  });

  it("is not called again for a removal that an earlier run has completed", async () => {
    await running();
    bucket.removeJob("api");
    await bucket.ship();
    seen.splice(0);
    await bucket.ship();
    expect(seen).toEqual([]);
  });
});

describe("the commit hook", () => {
  it("receives no secret, even if the error of a command contains one", async () => {
    const received: string[] = [];
    bucketWith(
      definePlugin({
        name: "teller",
        apply({ contribute, render, commit }) {
          contribute.tap("teller", ({ job, kv, allocations }) => {
            for (const { host } of allocations)
              kv.sync(`maand/job/${job.name}/worker/${host}`, "certs/", { "certs/web.key": "open-sesame" });
          });
          render.tap("teller", (tree, { kv, job, worker }) => {
            kv.get(`maand/job/${job.name}/worker/${worker.host}`, "certs/web.key");
            return tree;
          });
          commit.tap("teller", ({ summary }) => void received.push(JSON.stringify(summary)));
        },
      }),
    );
    bucket.job("api", { selectors: ["worker"] });
    bucket.fleet.fail(
      `start api@${A}`,
      new MaandError({ code: "COMMAND_FAILED", message: "no to open-sesame", output: ["key is open-sesame"] }),
    );
    await bucket.ship();
    expect(received.join()).toContain("no to ••••••");
    expect(received.join()).not.toContain("open-sesame");
  });
});
