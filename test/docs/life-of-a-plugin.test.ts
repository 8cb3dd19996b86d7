import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@maand/core";
import { aBucket } from "@maand/core/testing";
import * as valibot from "valibot";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { importModule } from "../../packages/core/src/config/import-module.ts";
import { blocksOf, page } from "./pages.ts";

/** Runs the examples of docs/plugins/life-of-a-plugin.md unchanged. */
const place = mkdtempSync(join(tmpdir(), "maand-life-"));
const made = new Map<string, unknown>();

beforeAll(async () => {
  const files = blocksOf(page("docs/plugins/life-of-a-plugin.md")).flatMap(({ info, code }) => {
    const file = /^ts (\S+)$/.exec(info)?.[1];
    return file === undefined || file === "maand.config.ts" ? [] : [{ file, code }];
  });
  for (const { file, code } of files) writeFileSync(join(place, file), code);
  for (const { file } of files) {
    const modules = { "@maand/core": async () => core, valibot: async () => valibot };
    for (const [name, value] of Object.entries(Object(await importModule(join(place, file), modules))))
      made.set(name === "default" ? file : name, value);
  }
});

afterAll(() => rmSync(place, { recursive: true }));

/** A bucket with one worker and job, and these plugins. */
function bucketWith(onTestFinished: (done: () => void) => void, plugins: readonly core.Plugin[]) {
  const bucket = aBucket({ plugins, now: () => new Date("2026-05-04T12:00:00Z") });
  onTestFinished(() => bucket.dispose());
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
  const lines = () => bucket.events.flatMap((event) => (event.type === "output" ? [event.line] : []));
  return { ...bucket, lines };
}

function plugin(name: string, ...given: readonly unknown[]): core.Plugin {
  const found = made.get(name);
  const value: unknown = typeof found === "function" ? found(...given) : found;
  if (!isPlugin(value)) throw new Error(`${name} is not a plugin`);
  return value;
}

function isPlugin(value: unknown): value is core.Plugin {
  return typeof value === "object" && value !== null && "name" in value && "apply" in value;
}

const veto = core.definePlugin({
  name: "veto",
  apply: ({ begin }, { error }) =>
    begin.tap("veto", () => {
      throw error("NO", "not today");
    }),
});

describe("docs/plugins/life-of-a-plugin.md", () => {
  it("shows the plugin shipper, which sends the remaining events when maand exits", async ({ onTestFinished }) => {
    const sent: string[] = [];
    const send = async (events: readonly core.MaandEvent[]) => void sent.push(...events.map(({ type }) => type));
    await bucketWith(onTestFinished, [plugin("shipper", send)]).ship();
    expect(sent).toContain("run.started");
    expect(sent.at(-1)).toBe("run.finished");
  });

  it("shows the plugin outcome, which prints why nothing was deployed", async ({ onTestFinished }) => {
    const bucket = bucketWith(onTestFinished, [plugin("outcome"), veto]);
    await expect(bucket.ship()).rejects.toThrow("not today");
    expect(bucket.lines()).toEqual(["nothing was deployed: not today (veto/NO)"]);
  });

  it("shows the plugin token, which throws an error with its own code", async ({ onTestFinished }) => {
    vi.stubEnv("ACME_TOKEN", undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(bucketWith(onTestFinished, [plugin("token")]).ship()).rejects.toMatchObject({
      code: "acme/NO_TOKEN",
      refused: true,
      message: "no token is set (acme/NO_TOKEN)",
    });
  });

  it("shows the plugin once-a-day, which stores its earlier runs", async ({ onTestFinished }) => {
    const bucket = bucketWith(onTestFinished, [plugin("onceADay")]);
    await bucket.ship();
    await bucket.deploy();
    expect(bucket.lines()).toEqual(["the first deploy of 2026-05-04, number 1 of this bucket"]);
  });

  it("shows a preset in which the plugin report uses a service of the plugin desk", async ({ onTestFinished }) => {
    const make = made.get("acme.ts");
    const preset: unknown = typeof make === "function" ? make({ daily: false }) : undefined;
    const plugins = [preset].flat(9).filter(isPlugin);
    expect(plugins.map(({ name }) => name)).toEqual(["desk", "report"]);
    const bucket = bucketWith(onTestFinished, plugins);
    bucket.fleet.fail("start api@10.0.0.1");
    expect(await bucket.ship()).toMatchObject({ outcome: "failed" });
    expect(bucket.lines()).toEqual(["opened ticket: a deploy failed"]);
  });
});
