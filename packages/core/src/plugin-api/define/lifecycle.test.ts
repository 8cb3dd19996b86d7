import { describe, expect, it } from "vitest";
import { aBucket, aJob, callHook, reconcileContext, rolloutContext, targetContext } from "../../testing/index.ts";
import { definePlugin } from "../plugin.ts";
import { type Lifecycle, lifecycle } from "./lifecycle.ts";

const steps = (over: Partial<Lifecycle> = {}) => {
  const done: string[] = [];
  const step = (word: string) => () => void done.push(word);
  const given = { name: "runner", start: step("start"), stop: step("stop"), ...over };
  return { done, step, plugin: definePlugin({ name: "runner", apply: lifecycle(given) }) };
};
const action = (kind: "start" | "restart" | "reload" | "stop" | "remove") => ({ action: { kind } });

describe("a lifecycle", () => {
  it("handles rollout, reconcile and target", async () => {
    const { done, plugin } = steps();
    expect(await callHook(plugin, "rollout", rolloutContext(action("start")))).toBe("done");
    expect(await callHook(plugin, "reconcile", reconcileContext(action("stop")))).toBe("done");
    expect(await callHook(plugin, "target", targetContext({ target: "stop" }))).toBe("done");
    expect(done).toEqual(["start", "stop", "stop"]);
  });

  it("restarts by stopping and starting, and reloads by restarting, unless it has its own steps", async () => {
    const plain = steps();
    await callHook(plain.plugin, "rollout", rolloutContext(action("restart")));
    await callHook(plain.plugin, "rollout", rolloutContext(action("reload")));
    expect(plain.done).toEqual(["stop", "start", "stop", "start"]);
    const done: string[] = [];
    const own = steps({ restart: () => void done.push("restart") });
    await callHook(own.plugin, "rollout", rolloutContext(action("reload")));
    expect([done, own.done]).toEqual([["restart"], []]);
  });

  it("leaves other jobs, the deletion of files and unknown targets to the next plugin", async () => {
    const { done, plugin } = steps({ concerns: ({ name }) => name === "mine" });
    expect(await callHook(plugin, "rollout", rolloutContext({ job: aJob({ name: "other" }) }))).toBeUndefined();
    const job = aJob({ name: "mine" });
    expect(await callHook(plugin, "reconcile", reconcileContext({ job, ...action("remove") }))).toBeUndefined();
    expect(await callHook(plugin, "target", targetContext({ job, target: "status" }))).toBeUndefined();
    expect(await callHook(plugin, "target", targetContext({ job, target: "toString" }))).toBeUndefined();
    expect(done).toEqual([]);
  });

  it("passes targets without a step to `other`", async () => {
    const targets: string[] = [];
    const given = { name: "runner", other: (_: object, target: string) => void targets.push(target) };
    const plugin = definePlugin({ name: "runner", apply: lifecycle(given) });
    for (const kind of ["start", "restart", "reload", "stop"] as const)
      await callHook(plugin, "rollout", rolloutContext(action(kind)));
    await callHook(plugin, "target", targetContext({ target: "backup" }));
    expect(targets).toEqual(["start", "restart", "reload", "stop", "backup"]);
  });

  it("runs its jobs in a complete deploy, before the plugin that its before option names", async ({
    onTestFinished,
  }) => {
    const { done, plugin } = steps({ before: "fake-fleet" });
    const bucket = aBucket({ plugins: [plugin] });
    onTestFinished(() => bucket.dispose());
    bucket.workers("10.0.0.1");
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await bucket.ship();
    bucket.job("api", { version: "1.1.0", selectors: ["worker"] });
    await bucket.ship();
    bucket.removeJob("api");
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(done).toEqual(["start", "stop", "start", "stop"]);
    expect(bucket.fleet.done.filter((what) => what.includes("@"))).toEqual(["remove api@10.0.0.1"]);
  });
});
