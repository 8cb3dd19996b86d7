import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMaandError, type MaandError } from "@maand/core";
import { runJobCommand } from "@maand/core/internal";
import { aBucket, callHook, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHooks, type HookName } from "../../packages/core/src/plugin-api/hooks.ts";

/** A bucket whose job `api` runs 1.0.0 on one worker. The tests deploy 1.1.0 with a faulty plugin. */
let bucket: TestBucket;
beforeEach(async () => {
  bucket = aBucket();
  bucket.workers("10.0.0.1");
  const commands = { command_check: { executed_on: ["cli"] } };
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  bucket.job("old", { version: "1.0.0", selectors: ["worker"] });
  await bucket.ship();
  bucket.removeJob("old");
  bucket.job("api", { version: "1.1.0", selectors: ["worker"], commands });
  bucket.events.splice(0);
});
afterEach(() => bucket.dispose());

const BEFORE = { "api@10.0.0.1": "1.0.0", "old@10.0.0.1": "1.0.0" };
const AFTER = { "api@10.0.0.1": "1.1.0" };

/** Writes files and the configuration. It lists `./acme.ts` first, so that maand calls it before the fleet. */
function configure(files: Readonly<Record<string, string>>, plugins = '["./acme.ts", "defaults"]'): void {
  for (const [path, text] of Object.entries({
    "maand.config.ts": `export default {\n  plugins: ${plugins},\n};\n`,
    ...files,
  })) {
    mkdirSync(dirname(join(bucket.root, path)), { recursive: true });
    writeFileSync(join(bucket.root, path), text);
  }
}

function repair(): void {
  configure({}, '["defaults"]');
}

/** The result of a build and a deploy: the error they throw, or the message of the summary. */
async function shipped(): Promise<Pick<MaandError, "message" | "hint">> {
  try {
    const { failures, allocations, warnings } = await bucket.ship();
    const wrong = [...failures, ...allocations.filter(({ message }) => message !== undefined)];
    const [first] = wrong;
    if (first) return { message: first.message ?? "", hint: first.hint };
    return { message: warnings[0] ?? "", hint: undefined };
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    const [problem] = cause.problems;
    return problem
      ? { message: `${problem.where}: ${problem.message}`, hint: problem.hint }
      : { message: cause.message, hint: cause.hint };
  }
}

const tapping = (tap: string) => `export default {\n  name: "acme",\n  apply(hooks) {\n    ${tap}\n  },\n};\n`;

describe("a deploy", () => {
  it.for<[string, { files: Record<string, string>; plugins?: string; message: string; hint: string }]>([
    [
      "an unknown hook",
      {
        files: { "acme.ts": tapping('hooks.rolout.tapPromise("acme", async () => "done");') },
        message: 'plugin "acme" taps a hook "rolout" that does not exist (acme.ts:4)',
        hint: 'did you mean "rollout"?',
      },
    ],
    [
      "a tap before a plugin with a typing error in its name",
      {
        files: { "acme.ts": tapping('hooks.rollout.tap({ name: "acme", before: "fake-flete" }, () => undefined);') },
        message: 'plugin "acme" taps rollout before "fake-flete" (acme.ts:4), but there is no such plugin',
        hint: 'did you mean "fake-fleet"?',
      },
    ],
    [
      "an unknown option of a tap",
      {
        files: { "acme.ts": tapping('hooks.rollout.tap({ name: "acme", befor: "make" }, () => undefined);') },
        message: 'plugin "acme" taps rollout with an option "befor" that does not exist (acme.ts:4)',
        hint: 'did you mean "before"?',
      },
    ],
    [
      "a wrong return value",
      {
        files: { "acme.ts": tapping('hooks.rollout.tap("acme", () => true);') },
        message:
          'batch 1 of 1 of api failed: acme failed in rollout (acme.ts:4): it returned true; it must return "done", or nothing',
        hint: 'fix plugin "acme", or take it out of the configuration',
      },
    ],
    [
      "a mistyped option",
      {
        files: {
          "acme.ts":
            'import { pluginWithOptions } from "@maand/core";\nimport * as v from "valibot";\nexport default pluginWithOptions({ name: "acme", options: v.object({ channel: v.optional(v.string()) }), apply() {} });\n',
        },
        plugins: '[["./acme.ts", { chanel: "#ops" }], "defaults"]',
        message: 'maand.config.ts:2:29: plugins[0]: acme.chanel: plugin "acme" has no option "chanel"',
        hint: 'did you mean "channel"?',
      },
    ],
    [
      "the same name twice",
      {
        files: { "acme.ts": tapping("") },
        plugins: '["./acme.ts", "./acme.ts", "defaults"]',
        message: 'maand.config.ts:2:3: plugins: plugin "acme" is listed twice',
        hint: "remove one of them",
      },
    ],
    [
      "another version of core",
      {
        files: { "acme.ts": 'export default { name: "acme", core: "^9.0.0", apply() {} };\n' },
        message: 'maand.config.ts:2:3: plugins: plugin "acme" requires @maand/core ^9.0.0, but this is 0.1.0',
        hint: "install a version of the plugin that supports this one",
      },
    ],
    [
      "a factory that was not called",
      {
        files: { "acme.ts": 'export const acme = () => ({ name: "acme", apply() {} });\n' },
        plugins: '[(await import("./acme.ts")).acme, "defaults"]',
        message: "maand.config.ts:2:3: plugins[0]: the function acme is not a plugin",
        hint: "a plugin is { name, apply(hooks) { ... } }; if it is a function that returns one, call it",
      },
    ],
  ])("fails with a message and a hint if a plugin has a mistake: %s", async ([, { files, plugins, message, hint }]) => {
    configure(files, plugins);
    expect(await shipped()).toEqual({ message, hint });
    expect(bucket.fleet.running()["api@10.0.0.1"]).toBe("1.0.0");
    repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(bucket.fleet.running()).toEqual(AFTER);
  });

  it("fails with a hint if a plugin is missing", async () => {
    configure({}, "[]");
    const { message, hint } = await shipped();
    expect(message).toBe('no plugin handles `connect` for worker 10.0.0.1 with transport "fake"');
    expect(hint).toContain('add a plugin for the transport "fake"');
    expect(bucket.fleet.running()).toEqual(BEFORE);
  });

  it.each([
    ["exports.default", 'exports.__esModule = true;\nexports.default = { name: "acme", apply: APPLY };\n'],
    ["module.exports", 'module.exports = { name: "acme", apply: APPLY };\n'],
    ["module.exports.default", 'module.exports = { default: { name: "acme", apply: APPLY } };\n'],
  ])("accepts a plugin in a CommonJS package: %s", async (_, text) => {
    const apply = '(hooks) => hooks.commit.tap("acme", ({ log }) => log("from acme"))';
    configure(
      {
        "node_modules/acme/package.json": '{ "name": "acme", "version": "1.0.0", "main": "index.cjs" }',
        "node_modules/acme/index.cjs": text.replace("APPLY", apply),
      },
      '["acme", "defaults"]',
    );
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(bucket.events).toContainEqual(expect.objectContaining({ type: "output", line: "from acme" }));
  });
});

describe("an error that a plugin throws is reported with plugin, hook, line and hint", () => {
  const hint = 'fix plugin "acme", or take it out of the configuration';
  const thrower = (hook: HookName) => tapping(`hooks.${hook}.tap("acme", () => { throw new Error("boom"); });`);
  const messageOf = (hook: HookName) => `acme failed in ${hook} (acme.ts:4): boom`;

  /** The hooks of a build and a deploy that fail if a tap throws. In `event` and `commit`, a throw is only a warning. */
  const SHIPPING = [
    ...["validate", "contribute", "afterBuild", "begin", "connect", "preflight", "permit", "beforeJob", "locate"],
    ...[
      "render",
      "reconcile",
      "stopped",
      "stage",
      "orchestrate",
      "rollout",
      "started",
      "promote",
      "verify",
      "afterJob",
    ],
  ] as const;

  it.each(SHIPPING)("in %s, and the next deploy without the plugin succeeds", async (hook) => {
    configure({ "acme.ts": thrower(hook) });
    const { message, hint: next } = await shipped();
    expect(message).toContain(messageOf(hook));
    expect(next).toContain(hint);
    repair();
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(bucket.fleet.running()).toEqual(AFTER);
  });

  it("in commit as a warning, and the deploy succeeds", async () => {
    configure({ "acme.ts": thrower("commit") });
    expect((await shipped()).message).toBe(messageOf("commit"));
    expect(bucket.fleet.running()).toEqual(AFTER);
  });

  it("in event as one warning, and the deploy succeeds", async () => {
    configure({ "acme.ts": thrower("event") });
    await shipped();
    const warnings = bucket.events.filter(({ type }) => type === "warning");
    expect(warnings[0]).toMatchObject({ code: "event_tap_failed", message: messageOf("event") });
    expect(bucket.fleet.running()).toEqual(AFTER);
  });

  it("in command by maand jobcommand", async () => {
    await bucket.ship();
    configure({ "acme.ts": thrower("command") });
    const opened = await bucket.open();
    const report = await runJobCommand(opened, { command: "command_check", concurrency: 1 }).finally(() =>
      opened.close(),
    );
    expect(report).toMatchObject([{ job: "api", failure: { message: messageOf("command"), hint } }]);
  });

  it("in every other hook", async () => {
    const done: readonly HookName[] = [...SHIPPING, "commit", "event", "command"];
    const rest = Object.keys(createHooks()).filter((name): name is HookName => !done.some((one) => one === name));
    for (const hook of rest) {
      const thrown: unknown = await callHook({ name: "acme", apply: (hooks) => tapThrowing(hooks[hook]) }, hook).catch(
        (cause: unknown) => cause,
      );
      expect(thrown, hook).toMatchObject({ code: "HOOK_FAILED", message: `acme failed in ${hook}: boom`, hint });
    }
    expect(rest.length).toBeGreaterThan(4);
  });

  function tapThrowing(hook: object): void {
    const tap: unknown = Reflect.get(hook, "tap");
    if (typeof tap === "function")
      tap.call(hook, "acme", () => {
        throw new Error("boom");
      });
  }
});

it("an error while a plugin file is loaded names the file and the line", async () => {
  configure({ "acme.ts": '\n\nthrow new Error("boom");\n' });
  expect((await shipped()).message).toMatch(/plugin "\.\/acme\.ts" cannot be loaded: acme\.ts:3:\d+: boom/);
  expect(bucket.fleet.running()).toEqual(BEFORE);
});
