import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { build } from "../build/build.ts";
import type { MaandEvent } from "../events.ts";
import { createHooks } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { RENAMED_HOOKS } from "../plugin-api/tapping/renamed-hooks.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

let bucket: TestBucket;
beforeEach(() => {
  bucket = aBucket();
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
});
afterEach(() => bucket.dispose());

/**
 * Builds and deploys with a configuration; returns the lines that its hooks printed, and the warnings of the deploy.
 */
async function shipWith(config: string, plugins: Readonly<Record<string, string>> = {}) {
  for (const [file, text] of Object.entries(plugins)) writeFileSync(join(bucket.root, file), text);
  writeFileSync(join(bucket.root, "maand.config.mjs"), config);
  await bucket.ship();
  const run = bucket.events.findLast(({ type }) => type === "run.started")?.run;
  const of = <Type extends MaandEvent["type"]>(type: Type) =>
    bucket.events.filter(
      (event): event is Extract<MaandEvent, { type: Type }> => event.type === type && event.run === run,
    );
  return {
    lines: of("output").map(({ line }) => line),
    warnings: of("warning").map(({ code, message }) => ({ code, message })),
  };
}

describe("the old name of a renamed hook", () => {
  it.each(Object.entries(RENAMED_HOOKS))("%s is now called %s", (old, name) => {
    const hooks = createHooks();
    expect(Reflect.get(hooks, old)).toBe(hooks[name]);
    expect(Object.keys(hooks)).not.toContain(old);
  });

  it("works in a plugin and causes one warning with the plugin, both names, the file and the line", async () => {
    const plugin = [
      "export default {",
      '  name: "audit",',
      "  apply(hooks) {",
      '    hooks.before.tap("audit", ({ log }) => log("before it"));',
      '    hooks.before.tap("audit2", ({ log }) => log("before it again"));',
      '    hooks.after.tap("audit", ({ log }) => log("after it"));',
      "  },",
      "};",
    ].join("\n");
    const { lines, warnings } = await shipWith('export default { plugins: ["defaults", "./audit.mjs"] };', {
      "audit.mjs": plugin,
    });
    expect(lines).toEqual(["before it", "before it again", "after it"]);
    expect(warnings).toEqual([
      {
        code: "renamed_hook",
        message:
          'plugin "audit" taps hook "before" (audit.mjs:4), which is now called "beforeJob"; the old name will be removed in the next minor version',
      },
      {
        code: "renamed_hook",
        message:
          'plugin "audit" taps hook "after" (audit.mjs:6), which is now called "afterJob"; the old name will be removed in the next minor version',
      },
    ]);
  });

  it("works in a configuration and causes the same warning", async () => {
    const config = [
      "export default {",
      "  hooks: {",
      '    after({ log }) { log("inline"); },',
      '    control: { before: "fake-fleet", tap({ log }) { log("leads"); } },',
      "  },",
      "};",
    ].join("\n");
    const { lines, warnings } = await shipWith(config);
    expect(lines).toEqual(["leads", "inline"]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'plugin "config" taps hook "after" (maand.config.mjs:3), which is now called "afterJob"; the old name will be removed in the next minor version',
      'plugin "config" taps hook "control" (maand.config.mjs:4), which is now called "orchestrate"; the old name will be removed in the next minor version',
    ]);
  });

  it("works for `wave`, including waves that stop jobs", async () => {
    const seen: unknown[] = [];
    const old: Plugin = {
      name: "old",
      apply: (hooks) => hooks.wave.tap("old", ({ wave }) => void seen.push([wave.step, wave.jobs.length])),
    };
    bucket.dispose();
    bucket = aBucket({ plugins: [old] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    await bucket.ship();
    bucket.removeJob("api");
    await bucket.ship();
    expect(seen).toEqual([
      ["rollout", 1],
      ["stop", 1],
    ]);
  });

  it("is not suggested for an unknown hook, only the closest new name", async () => {
    writeFileSync(
      join(bucket.root, "maand.config.mjs"),
      'export default { plugins: ["defaults", { name: "mine",\n apply: (hooks) => hooks.afterjob.tap("mine", () => undefined) }] };',
    );
    await expect(bucket.open().then((opened) => build(opened))).rejects.toMatchObject({
      code: "PLUGIN_INVALID",
      message: 'plugin "mine" taps a hook "afterjob" that does not exist (maand.config.mjs:2)',
      hint: 'did you mean "afterJob"?',
    });
  });
});
