import { describe, expect, it } from "vitest";
import type { Hooks } from "../hooks.ts";
import type { Plugin } from "../plugin.ts";
import { actingContext, renderContext, rolloutContext } from "../testing/index.ts";
import { applyPlugins, tapsOf } from "./apply-plugins.ts";

const plugin = (name: string, apply: (hooks: Hooks) => void | Promise<void>): Plugin => ({ name, apply });
const refusal = (...plugins: Plugin[]) => applyPlugins(plugins).catch((cause: unknown) => cause);

describe("plugins are applied", () => {
  it("one after another, waiting for each", async () => {
    const slow = plugin("slow", async ({ rollout }) => {
      await Promise.resolve();
      rollout.tapPromise("slow", async () => undefined);
    });
    const quick = plugin("quick", ({ rollout }) => rollout.tapPromise("quick", async () => "done"));
    const hooks = await applyPlugins([slow, quick]);
    expect(tapsOf(hooks, "rollout")).toEqual([
      { tap: "slow", plugin: "slow" },
      { tap: "quick", plugin: "quick" },
    ]);
  });

  it("before whom they name, and whose tap it is stays known", async () => {
    const make = plugin("make", ({ rollout }) => rollout.tapPromise("make", async () => "done"));
    const mine = plugin("mine", ({ rollout }) =>
      rollout.tapPromise({ name: "first", before: "make" }, async () => {
        throw new Error("no");
      }),
    );
    const hooks = await applyPlugins([make, mine]);
    expect(tapsOf(hooks, "rollout").map(({ tap }) => tap)).toEqual(["first", "make"]);
    await expect(hooks.rollout.promise(rolloutContext())).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: "mine (first) failed in rollout: no",
    });
  });

  it("whether or not the one they stand before was taken out", async () => {
    const mine = plugin("mine", ({ rollout }) =>
      rollout.tapPromise({ name: "mine", before: "make" }, async () => "done"),
    );
    expect(await applyPlugins([mine])).toBeDefined();
  });
});

describe("a plugin is refused", () => {
  it("that throws, by name", async () => {
    const cause = refusal(
      plugin("mine", async () => {
        throw new Error("no coffee");
      }),
    );
    expect(await cause).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" failed while it was applied: no coffee',
    });
  });

  it("that taps a hook which is none, with the one that was meant", async () => {
    const mine = plugin("mine", (hooks) => Reflect.get(hooks, "rolout").tap("mine", () => undefined));
    expect(await refusal(mine)).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps a hook "rolout" that does not exist',
      hint: 'did you mean "rollout"?',
    });
  });

  it("that wants to stand before somebody with a slip in the name", async () => {
    const make = plugin("make", ({ rollout }) => rollout.tapPromise("make", async () => "done"));
    const mine = plugin("mine", ({ rollout }) =>
      rollout.tapPromise({ name: "mine", before: "mkae" }, async () => "done"),
    );
    expect(await refusal(make, mine)).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps rollout before "mkae", and there is no such plugin',
      hint: 'did you mean "make"?',
    });
  });

  it("that gives a template function another one gives, but not for standing in front of ours", async () => {
    const gives = (name: string) =>
      plugin(name, ({ functions }) => functions.tap(name, (known) => ({ ...known, upper: () => name })));
    const context = () => renderContext();
    const one = await applyPlugins([gives("templates"), gives("loud")]);
    expect(one.functions.call({}, context)).toMatchObject({ upper: expect.any(Function) });
    expect(() => one.functions.call({}, context)).not.toThrow();
    const two = await applyPlugins([gives("loud"), gives("quiet")]);
    expect(() => two.functions.call({}, context)).toThrow(
      'plugins "loud" and "quiet" both give the template function "upper"',
    );
  });
});

it("an error that carries a code leaves a tap as it is", async () => {
  const { MaandError } = await import("../errors.ts");
  const error = new MaandError({ code: "UNHEALTHY", message: "api is sick" });
  const hooks = await applyPlugins([
    plugin("mine", ({ after }) =>
      after.tapPromise("mine", async () => {
        throw error;
      }),
    ),
  ]);
  await expect(hooks.after.promise(actingContext())).rejects.toBe(error);
});
