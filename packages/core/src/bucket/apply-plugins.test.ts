import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Hooks } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { tapByName } from "../plugin-api/tapping/tap-by-name.ts";
import { aBucket, callHook, fakeRemote, renderContext, rolloutContext, scopedJobContext } from "../testing/index.ts";
import { applyPlugins, tapsOf } from "./apply-plugins.ts";

const plugin = (name: string, apply: (hooks: Hooks) => void | Promise<void>): Plugin => ({ name, apply });
const refusal = (...plugins: Plugin[]) => applyPlugins(plugins).catch((cause: unknown) => cause);

describe("applyPlugins", () => {
  it("applies one plugin after another and awaits each", async () => {
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

  it("orders a tap by its before option, and names the plugin in its errors", async () => {
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

  it("accepts a before option that names a plugin that is not loaded", async () => {
    const mine = plugin("mine", ({ rollout }) =>
      rollout.tapPromise({ name: "mine", before: "make" }, async () => "done"),
    );
    expect(await applyPlugins([mine])).toBeDefined();
  });
});

describe("applyPlugins refuses a plugin", () => {
  it("that throws while being applied, and names the plugin", async () => {
    const cause = refusal(
      plugin("mine", async () => {
        throw new Error("no coffee");
      }),
    );
    expect(await cause).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" failed while being applied: no coffee',
    });
  });

  it("whose apply takes longer than 30 seconds", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const cause = refusal(plugin("mine", () => new Promise(() => undefined)));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await cause).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" failed while being applied: it took longer than 30 s',
    });
  });

  it("that taps an unknown hook, and suggests the closest name", async () => {
    const mine = plugin("mine", (hooks) => Reflect.get(hooks, "rolout").tap("mine", () => undefined));
    expect(await refusal(mine)).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps a hook "rolout" that does not exist',
      hint: 'did you mean "rollout"?',
    });
  });

  it("whose before option misspells a plugin, and suggests the closest name", async () => {
    const make = plugin("make", ({ rollout }) => rollout.tapPromise("make", async () => "done"));
    const mine = plugin("mine", ({ rollout }) =>
      rollout.tapPromise({ name: "mine", before: "mkae" }, async () => "done"),
    );
    expect(await refusal(make, mine)).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps rollout before "mkae", but there is no such plugin',
      hint: 'did you mean "make"?',
    });
  });

  it("that taps with an unknown option, and suggests the closest known option", async () => {
    const order: { name: string; befor: string } = { name: "mine", befor: "make" };
    const mine = plugin("mine", ({ rollout }) => rollout.tapPromise(order, async () => "done"));
    expect(await refusal(mine)).toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps rollout with an option "befor" that does not exist',
      hint: 'did you mean "before"?',
    });
  });

  it("that redefines a template function of another plugin, unless that function is replaceable", async () => {
    const gives = (name: string) =>
      plugin(name, ({ templateFunctions }) =>
        templateFunctions.tap(name, (known) => ({ ...known, upper: () => name })),
      );
    const context = () => renderContext();
    const one = await applyPlugins([{ ...gives("base"), provides: { replaceableFunctions: true } }, gives("loud")]);
    expect(one.functions.call({}, context)).toMatchObject({ upper: expect.any(Function) });
    expect(() => one.functions.call({}, context)).not.toThrow();
    const two = await applyPlugins([gives("loud"), gives("quiet")]);
    expect(() => two.functions.call({}, context)).toThrow(
      'plugins "loud" and "quiet" both provide the template function "upper"',
    );
  });
});

it("an error with a code passes through a tap unchanged", async () => {
  const { MaandError } = await import("../errors.ts");
  const error = new MaandError({ code: "UNHEALTHY", message: "api is sick" });
  const hooks = await applyPlugins([
    plugin("mine", ({ afterJob }) =>
      afterJob.tapPromise("mine", async () => {
        throw error;
      }),
    ),
  ]);
  await expect(hooks.afterJob.promise(scopedJobContext())).rejects.toBe(error);
});

describe("an error of a tap names its plugin", () => {
  type Tapping = (hooks: Hooks) => void;
  const raise = (thrown: unknown) => {
    throw thrown;
  };

  it.for<readonly [string, string, Tapping]>([
    ["an error thrown synchronously", "no", ({ afterJob }) => afterJob.tap("mine", () => raise(new Error("no")))],
    [
      "an error that rejects a promise",
      "no",
      ({ afterJob }) => afterJob.tapPromise("mine", async () => raise(new Error("no"))),
    ],
    [
      "an error of an async function added with tap",
      "no",
      ({ afterJob }) => afterJob.tap("mine", async () => Promise.reject(new Error("no"))),
    ],
    [
      "an error passed to a callback",
      "no",
      ({ afterJob }) => afterJob.tapAsync("mine", (_, back) => back(new Error("no"))),
    ],
    [
      "an error thrown by a tap with a callback",
      "no",
      ({ afterJob }) => afterJob.tapAsync("mine", () => raise(new Error("no"))),
    ],
    ["a string", "no", ({ afterJob }) => afterJob.tapPromise("mine", () => Promise.reject("no"))],
    ["undefined", "undefined", ({ afterJob }) => afterJob.tapPromise("mine", () => Promise.reject())],
    [
      "an object that is not an Error",
      "{ code: 3 }",
      ({ afterJob }) => afterJob.tapPromise("mine", () => Promise.reject({ code: 3 })),
    ],
    ["an error without a message", "TypeError", ({ afterJob }) => afterJob.tap("mine", () => raise(new TypeError()))],
  ])("%s", async ([, output, apply]) => {
    const hooks = await applyPlugins([plugin("mine", apply)]);
    await expect(hooks.afterJob.promise(scopedJobContext())).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: `mine failed in afterJob: ${output}`,
    });
  });

  it.for([
    ["rollout", true, 'it returned true; it must return "done", or nothing'],
    ["rollout", null, 'it returned null; it must return "done", or nothing'],
    ["connect", "done", "it returned done; it must return a Remote, or nothing"],
    ["render", [], "it returned []; it must return a tree, { files }, or nothing"],
  ] as const)("a %s tap that returns %o is an error", async ([hook, answer, output]) => {
    const mine = plugin("mine", (hooks) => tapByName(hooks, hook, { name: "mine" }, () => answer));
    await expect(callHook([mine], hook)).rejects.toThrow(`mine failed in ${hook}: ${output}`);
  });

  it("a connect tap that returns a Remote with another root is an error, and the Remote is closed", async () => {
    const remote = fakeRemote({ root: "/srv/acme" });
    const mine = plugin("mine", (hooks) => tapByName(hooks, "connect", { name: "mine" }, () => remote));
    await expect(callHook([mine], "connect")).rejects.toThrow(
      "mine failed in connect: its Remote has the root /srv/acme, but the root of the worker is /opt/worker/bucket; use root of the context, and tap locate to change it",
    );
    expect(remote.closed).toBe(true);
  });

  it("an asynchronous tap of a synchronous hook is an error", async () => {
    const mine = plugin("mine", (hooks) => tapByName(hooks, "locate", { name: "mine" }, async () => "/srv"));
    await expect(callHook([mine], "locate")).rejects.toThrow("mine failed in locate: it is asynchronous");
  });
});

it("an event tap that throws is reported once, and the other taps still receive the event", async ({
  onTestFinished,
}) => {
  const received: string[] = [];
  const failedTaps = plugin("deaf", ({ event }) =>
    event.tap("deaf", () => {
      throw new Error("what?");
    }),
  );
  const bucket = aBucket({
    plugins: [failedTaps, plugin("ears", ({ event }) => event.tap("ears", ({ type }) => void received.push(type)))],
  });
  onTestFinished(() => bucket.dispose());
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
  expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
  expect(received).toContain("run.finished");
  const warned = bucket.events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  expect(new Set(warned)).toEqual(new Set(["deaf failed in event: what?"]));
});
