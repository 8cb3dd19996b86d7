import { describe, expect, it } from "vitest";
import { createHooks, type HookName } from "../plugin-api/hooks.ts";
import { definePlugin } from "../plugin-api/plugin.ts";
import { tapByName } from "../plugin-api/tapping/tap-by-name.ts";
import {
  aBucket,
  aJob,
  anAllocation,
  aWorker,
  callHook,
  fakeRemote,
  recordEvents,
  rolloutContext,
  verifyContext,
} from "./index.ts";

describe("a fake remote", () => {
  it("records calls, and returns the result for the longest matching prefix", async () => {
    const remote = fakeRemote({ answers: { make: { code: 1 }, "make -v": { stdout: "GNU Make 4.3\n" } } });
    expect(await remote.probe(["make", "-v"])).toMatchObject({ code: 0, stdout: "GNU Make 4.3\n" });
    expect(await remote.probe(["make", "start"], { asRoot: true })).toMatchObject({ code: 1 });
    expect(remote.lines).toEqual(["make -v", "make start"]);
    expect(remote.calls[1]).toMatchObject({ how: "probe", argv: ["make", "start"], options: { asRoot: true } });
  });

  it("follows the contract of a real remote", async () => {
    const remote = fakeRemote({ answers: () => ({ code: 2, stderr: "no\n" }) });
    await expect(remote.exec(["make"])).rejects.toMatchObject({ code: "COMMAND_FAILED", exit: 2, output: ["no"] });
    const signal = AbortSignal.abort();
    await expect(remote.probe(["make"], { signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
    const lines: string[] = [];
    await remote.probe(["make"], { onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines).toEqual(["stderr no"]);
  });
});

describe("a context", () => {
  it("describes one allocation, even after a part of the context is replaced", () => {
    const { remote, worker, allocation, directory, env } = rolloutContext({
      job: aJob({ name: "db", version: "2.0.0" }),
      worker: aWorker({ host: "10.0.0.7" }),
    });
    expect([remote.host, worker.host, allocation.host, allocation.job]).toEqual([
      "10.0.0.7",
      "10.0.0.7",
      "10.0.0.7",
      "db",
    ]);
    expect(directory).toBe("/opt/worker/bucket/jobs/db");
    expect(env).toMatchObject({ JOB: "db", NEW_VERSION: "2.0.0", WORKER_IP: "10.0.0.7" });
  });

  it("passes only active allocations to a health check", () => {
    const allocations = [anAllocation(), anAllocation({ host: "10.0.0.2", disabled: true })];
    expect(verifyContext({ allocations }).active).toEqual([allocations[0]]);
  });

  it("exists for every hook, with the right type", async () => {
    const recording: string[] = [];
    const names: HookName[] = Object.keys(createHooks()).filter((name): name is HookName => name in createHooks());
    const listener = definePlugin({
      name: "listener",
      apply(hooks) {
        for (const name of names) tapByName(hooks, name, { name: "listener" }, () => void recording.push(name));
      },
    });
    for (const name of names) await callHook(listener, name);
    expect(recording).toEqual(names);
  });

  it("records what a tap logs", async () => {
    const hooks = createHooks();
    hooks.rollout.tap("words", (context) => {
      context.log("hello", { stream: "stdout" });
      return "done";
    });
    const context = rolloutContext();
    expect(await hooks.rollout.promise(context)).toBe("done");
    expect(context.output).toEqual([{ line: "hello", stream: "stdout" }]);
  });
});

it("recordEvents records emitted events", () => {
  const hooks = createHooks();
  const record = recordEvents(hooks);
  const base = { seq: 1, at: "2024-01-01T00:00:00.000Z", run: "run" };
  hooks.event.call({ ...base, type: "health.started", job: "api" });
  hooks.event.call({ ...base, type: "job.skipped", job: "db", reason: "nothing changed" });
  expect(record.types).toEqual(["health.started", "job.skipped"]);
  expect(record.of("job.skipped").map(({ reason }) => reason)).toEqual(["nothing changed"]);
});

describe("callHook", () => {
  const loud = definePlugin({
    name: "loud",
    apply({ rollout, afterJob, templateFunctions }) {
      rollout.tapPromise("loud", async ({ emit }) => {
        emit("loud.shouted", { times: 3 });
        return "done";
      });
      afterJob.tapPromise("loud", async () => {
        throw new Error("hoarse");
      });
      templateFunctions.tap("loud", (known) => ({ ...known, shout: (word: string) => word.toUpperCase() }));
    },
  });

  it("returns the result, and records the output", async () => {
    const context = rolloutContext();
    expect(await callHook(loud, "rollout", context)).toBe("done");
    expect(context.emitted).toEqual([{ name: "loud.shouted", data: { times: 3 } }]);
    expect(Object.keys(await callHook(loud, "templateFunctions"))).toEqual(["shout"]);
    expect(await callHook([], "rollout")).toBeUndefined();
  });

  it("adds the plugin and the hook to an error, as a deploy does", async () => {
    await expect(callHook(loud, "afterJob")).rejects.toMatchObject({ message: "loud failed in afterJob: hoarse" });
  });
});

describe("a whole deploy in memory", () => {
  it("runs the engine against fake workers, and records what a plugin did", async ({ onTestFinished }) => {
    const soak = definePlugin({
      name: "acme",
      apply: ({ afterJob }) =>
        afterJob.tapPromise("acme", async ({ emit, job }) => emit("acme.soaked", { version: job.version })),
    });
    const bucket = aBucket({ plugins: [soak] });
    onTestFinished(() => bucket.dispose());
    bucket.workers("10.0.0.1", "10.0.0.2");
    bucket.job("api", { version: "1.2.0", selectors: ["worker"] });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.running()).toEqual({ "api@10.0.0.1": "1.2.0", "api@10.0.0.2": "1.2.0" });
    expect(bucket.events).toContainEqual(
      expect.objectContaining({ type: "plugin.event", name: "acme.soaked", data: { version: "1.2.0" }, job: "api" }),
    );
  });

  it("refuses an event with an invalid name, and names the plugin", async ({ onTestFinished }) => {
    const bad = definePlugin({
      name: "acme",
      apply: ({ afterJob }) => afterJob.tapPromise("acme", async ({ emit }) => emit("Acme.Soaked")),
    });
    const bucket = aBucket({ plugins: [bad] });
    onTestFinished(() => bucket.dispose());
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const { failures } = await bucket.ship();
    expect(failures.map(({ message }) => message)).toEqual([
      'acme failed in afterJob: "Acme.Soaked" is not a valid event name; write it like acme.soaked',
    ]);
  });
});
