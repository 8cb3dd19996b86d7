import { MaandError, type Plugin } from "@maand/core";
import { aBucket, type FakeAnswer, type FakeCall, fakeRemote, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunCommandOptions, runCommand } from "./run-command.ts";

let bucket: TestBucket;
/** The input of the scripts by host, in order. */
let calls: (FakeCall & { readonly host: string })[];
/** The response of a worker to a script; may throw. */
let answers: (host: string) => FakeAnswer | undefined;

const scripted: Plugin = {
  name: "scripted",
  apply(hooks) {
    hooks.connect.tapPromise("scripted", async ({ worker: { host }, root }) => {
      if (down.has(host)) throw new MaandError({ code: "UNREACHABLE", message: `cannot reach ${host}` });
      bucket.fleet.connected.push(host);
      return fakeRemote({
        host,
        root,
        transport: "fake",
        answers(call) {
          calls.push({ ...call, host });
          return call.argv[0] === "bash" ? answers(host) : { stdout: call.argv.includes("timeout") ? "timeout\n" : "" };
        },
      });
    });
  },
};

/** Unreachable workers. */
const down = new Set<string>();

beforeEach(async () => {
  down.clear();
  calls = [];
  answers = () => undefined;
  bucket = aBucket({ plugins: [scripted] });
  bucket.workers(
    { host: "10.0.0.1", labels: ["web"] },
    { host: "10.0.0.2", labels: ["web"], tags: { zone: "a" } },
    { host: "10.0.0.3", tags: { zone: "a" } },
  );
  bucket.job("api", { selectors: ["worker"] });
  await bucket.build();
});

afterEach(() => bucket.dispose());

const gone = new MaandError({ code: "DISCONNECTED", message: "gone" });

/** Runs a script; returns host, outcome and whether it counts as done. */
async function run(script: string, options: Partial<RunCommandOptions> = {}) {
  const maand = await bucket.open();
  const all = { workers: [], labels: [], concurrency: 1, healthCheck: false, allowDisconnect: false };
  try {
    const results = await runCommand(maand, { script, ...all, ...options });
    return results.map(({ host, outcome, ok }) => `${host} ${outcome}${ok ? "" : "!"}`);
  } finally {
    maand.close();
  }
}

describe("run_command", () => {
  it("runs on all workers in the order of the catalog, including disabled workers", async () => {
    bucket.disable({ workers: ["10.0.0.2"] });
    await bucket.build();
    expect(await run("uptime")).toEqual(["10.0.0.1 ok", "10.0.0.2 ok", "10.0.0.3 ok"]);
    expect(bucket.fleet.connected).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  });

  it("reports the number of workers and batches before it starts", async () => {
    await run("uptime", { workers: ["zone:a"], concurrency: 5 });
    const types = bucket.events.map(({ type }) => type);
    expect(types.indexOf("script.planned")).toBeLessThan(types.indexOf("script.started"));
    expect(bucket.events.find(({ type }) => type === "script.planned")).toMatchObject({
      workers: ["10.0.0.2", "10.0.0.3"],
      batches: 1,
      concurrency: 5,
    });
  });

  it("accepts workers with any of the given labels", async () => {
    expect(await run("uptime", { labels: ["web", "worker"] })).toHaveLength(3);
    expect(await run("uptime", { labels: ["WEB"] })).toEqual(["10.0.0.1 ok", "10.0.0.2 ok"]);
  });

  it.each<[string, Partial<RunCommandOptions>, object]>([
    ["an unknown label", { labels: ["none"] }, { code: "PROBLEMS", problems: [{ code: "empty_selection" }] }],
    ["an unknown worker", { workers: ["10.0.0.9"] }, { code: "PROBLEMS", problems: [{ code: "unknown_worker" }] }],
    ["workers and labels", { workers: ["10.0.0.1"], labels: ["web"] }, { code: "USAGE" }],
    ["no concurrency", { concurrency: 0 }, { code: "USAGE" }],
    ["half a concurrency", { concurrency: 1.5 }, { code: "USAGE" }],
    ["a word as concurrency", { concurrency: Number.NaN }, { code: "USAGE" }],
    ["a label in SQL", { labels: ["x') or 1=1 --"] }, { code: "PROBLEMS" }],
  ])("refuses %s before anything runs", async (_, options, wanted) => {
    await expect(run("uptime", options)).rejects.toMatchObject(wanted);
    expect(bucket.fleet.connected).toEqual([]);
  });

  it.each(["", " \n\t", "a\0b"])("refuses the script %j", async (script) => {
    await expect(run(script)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("stops after the batch with an unreachable worker, and lists the skipped workers", async () => {
    down.add("10.0.0.2");
    expect(await run("uptime")).toEqual(["10.0.0.1 ok", "10.0.0.2 unreachable!", "10.0.0.3 skipped!"]);
    expect(await run("uptime", { concurrency: 2 })).toEqual([
      "10.0.0.1 ok",
      "10.0.0.2 unreachable!",
      "10.0.0.3 skipped!",
    ]);
    expect(await run("uptime", { concurrency: 3 })).toEqual(["10.0.0.1 ok", "10.0.0.2 unreachable!", "10.0.0.3 ok"]);
  });

  it("passes a script to bash on its stdin, with the bucket and the worker in the environment, as root", async () => {
    await run("uptime\nid", { workers: ["10.0.0.1"] });
    const [{ argv, options } = { argv: [], options: {} }] = calls;
    expect(argv[0]).toBe("bash");
    expect(argv.join(" ")).not.toContain("uptime");
    expect(options).toMatchObject({
      stdin: "uptime\nid\n",
      asRoot: true,
      env: { BUCKET_ID: expect.stringMatching(/^[0-9a-f-]{36}$/), WORKER_IP: "10.0.0.1" },
    });
  });

  it("stops after the batch in which the script fails, and reports its exit code", async () => {
    answers = (host) => (host === "10.0.0.2" ? { code: 7, stderr: "no\n" } : { stdout: "yes\n" });
    expect(await run("thing")).toEqual(["10.0.0.1 ok", "10.0.0.2 failed!", "10.0.0.3 skipped!"]);
    expect(bucket.events.filter(({ type }) => type === "script.finished")).toMatchObject([
      { worker: "10.0.0.1", outcome: "ok", exit: 0, message: null, output: [] },
      { worker: "10.0.0.2", outcome: "failed", exit: 7, message: "exit code 7", output: ["no"] },
    ]);
  });

  it("reports a worker without bash or timeout", async () => {
    answers = () => ({ code: 127, stderr: "sh: 1: timeout: not found\n" });
    await run("uptime");
    expect(bucket.events.find(({ type }) => type === "script.finished")).toMatchObject({
      message: "10.0.0.1 lacks timeout",
    });
  });

  it("treats a closed connection as a failure", async () => {
    answers = () => {
      throw gone;
    };
    expect(await run("systemctl restart networking")).toEqual([
      "10.0.0.1 disconnected!",
      "10.0.0.2 skipped!",
      "10.0.0.3 skipped!",
    ]);
    expect(bucket.events.some(({ type }) => type === "warning")).toBe(false);
  });

  it.each<[string, Partial<RunCommandOptions>]>([
    ["systemctl restart networking", { allowDisconnect: true }],
    ["sudo shutdown -r now", {}],
    ["poweroff", {}],
  ])("continues with a warning if %s closes the connection", async (script, options) => {
    answers = () => {
      throw gone;
    };
    expect(await run(script, options)).toEqual([
      "10.0.0.1 disconnected",
      "10.0.0.2 disconnected",
      "10.0.0.3 disconnected",
    ]);
    const warnings = bucket.events.filter(({ type }) => type === "warning");
    expect(warnings).toMatchObject([{ worker: "10.0.0.1" }, { worker: "10.0.0.2" }, { worker: "10.0.0.3" }]);
  });

  it("treats a session that a reboot ends like a closed connection", async () => {
    answers = () => ({ code: 143 });
    expect(await run("reboot", { workers: ["10.0.0.3"] })).toEqual(["10.0.0.3 disconnected"]);
    expect(await run("uptime", { workers: ["10.0.0.3"] })).toEqual(["10.0.0.3 failed!"]);
  });

  it("waits until a machine is back before the next one reboots", async () => {
    answers = () => {
      throw gone;
    };
    await run("reboot", { workers: ["10.0.0.1", "10.0.0.2"] });
    expect(bucket.fleet.connected).toEqual(["10.0.0.1", "10.0.0.1", "10.0.0.2"]);
  });

  it("masks secrets of the bucket in the command and its output", async () => {
    const maand = await bucket.open();
    maand.kv.put("secrets/job/api", "password", "hunter2222");
    maand.close();
    answers = () => ({ stdout: "got hunter2222\n" });
    await run("login hunter2222");
    expect(bucket.events.some(({ type }) => type === "script.started")).toBe(true);
    expect(JSON.stringify(bucket.events)).not.toContain("hunter2222");
  });

  it("checks the health of every job after each batch, and stops if one is unhealthy", async () => {
    expect(await run("uptime", { healthCheck: true })).toHaveLength(3);
    expect(bucket.events.filter(({ type }) => type === "health.finished")).toHaveLength(3);
    bucket.fleet.fail("verify api", new MaandError({ code: "UNHEALTHY", message: "api is sick" }));
    expect(await run("uptime", { healthCheck: true })).toEqual([
      "10.0.0.1 failed!",
      "10.0.0.2 skipped!",
      "10.0.0.3 skipped!",
    ]);
  });
});
