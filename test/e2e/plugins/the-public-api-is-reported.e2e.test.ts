import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../docs/pages.ts";

const script = join(ROOT, "scripts/api.mjs");

beforeAll(() => {
  // the reports are generated from the declarations, which tsc generates from the current sources
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-b"], { cwd: ROOT, encoding: "utf8" });
});

describe("the public API of each package", () => {
  it("equals its report (otherwise: npm run api)", () => {
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("has a report with the exports of its entry points", () => {
    const reports = readdirSync(join(ROOT, "packages")).map((name) =>
      readFileSync(join(ROOT, "packages", name, `${name}.api.md`), "utf8"),
    );
    const all = reports.join("\n");
    for (const line of [
      "## @maand/core/testing",
      "function callHook<Name extends HookName>(",
      "function defaults(): PluginList<StockName>;",
      "function make({ program }?: MakeOptions): Plugin;",
    ])
      expect(all).toContain(line);
    expect(all).not.toMatch(/^export \{[^}]*\};/m);
  });
});
